"""From a report's file, text or PDF, to its lines: what strangers send is bounded and checked, not yet understood."""
