/** Folder of the migrations NNNN_verb_table.sql, for `migrate`. */
export const migrations = new URL('./migrations/', import.meta.url)
