/** What of a list is drawn at most; a search brings up the rest. */
export const rowsDrawn = 200
