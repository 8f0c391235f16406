"""Official key figures from Kolada: fetched on request (`pull`), kept as dated snapshots, loaded into raw.kolada_value."""
