/** The files NNNN_verb_table.sql that make the platform's own tables and views, for `migrate`. */
export const migrations = new URL('./migrations/', import.meta.url)
