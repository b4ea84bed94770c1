import { pipeline, Readable } from 'node:stream'
import { stringify } from 'csv-stringify'

/** What makes a formula of a cell, behind what some spreadsheets take for the end of a cell or a line whatever quotes say. */
const hiddenFormula = /([;|\t\r\n][\s"]*)(?=[=+\-@＝＋－＠])/gu

/**
 * Rows as CSV (RFC 4180, UTF-8 with its byte order mark, without which Excel reads another encoding), read as fast as it
 * is taken. Cells that a spreadsheet would take for a formula, where commas separate or semicolons do, have an
 * apostrophe before it.
 */
export function csvOf(columns: readonly string[], rows: AsyncIterable<readonly string[]>, onError: (error: Error) => void): Readable {
  const csv = stringify({
    bom: true,
    header: true,
    columns: columns.map((key) => ({ key, header: key })),
    cast: { string: (cell) => cell.replace(hiddenFormula, "$1'") },
    escape_formulas: true,
    // A line break alone is none of its own accord, where lines end as in Windows.
    quoted_match: /[\r\n]/,
    record_delimiter: 'windows',
  })
  pipeline(Readable.from(rows), csv, (error) => {
    // Who stopped reading has gone away; that is no failure.
    if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') onError(error)
  })
  return csv
}
