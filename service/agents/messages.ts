import type { z } from 'zod'
import { AgentToService, type NumberedReport, Report } from '../../contract/agent.ts'
import { detailsOf, type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { isReportable, SignalId } from '../../contract/signals.ts'

/**
 * What an agent sent, parsed. Nothing of it is believed before this.
 * @throws RoomkeeperError message.malformed, with the field that is wrong.
 */
export function readMessage(data: Buffer, isBinary: boolean): AgentToService {
  if (isBinary) throw new RoomkeeperError('message.malformed', { detail: 'Messages are text.' })
  let raw: unknown
  try {
    raw = JSON.parse(data.toString())
  } catch (error) {
    throw new RoomkeeperError('message.malformed', { detail: 'Not JSON.' }, error)
  }
  const reports = plainReports(raw)
  if (reports) return { type: 'report', reports }
  const parsed = AgentToService.safeParse(raw)
  if (!parsed.success) throw new RoomkeeperError('message.malformed', detailsOf(parsed.error))
  return parsed.data
}

/**
 * The reports of a message that is nothing but reports: what the schema would say, at a quarter of its price, for the one
 * message that comes by the ten thousand. Anything that does not fit goes to the schema, which says what is wrong.
 */
function plainReports(raw: unknown): z.infer<typeof NumberedReport>[] | undefined {
  if (typeof raw !== 'object' || raw === null || !('type' in raw) || raw.type !== 'report' || !('reports' in raw)) return undefined
  const found: unknown = raw.reports
  if (!Array.isArray(found) || found.length === 0 || found.length > limits.reportsPerMessage) return undefined
  const reports: unknown[] = found
  return reports.every(isNumbered) ? reports : undefined
}

const isNumbered = (report: unknown): report is z.infer<typeof NumberedReport> =>
  typeof report === 'object' && report !== null && 'number' in report && Number.isSafeInteger(report.number) && Number(report.number) >= 1

/** A report as it can be taken, or why it is kept aside. */
export type ReadReport = { report: Report } | { code: ErrorCode }

/** Judges one report. Bad ones do not hold up the good ones behind them: they are acknowledged as rejected. */
export function readReport(numbered: z.infer<typeof NumberedReport>): ReadReport {
  const parsed = Report.safeParse(numbered)
  if (!parsed.success) return { code: 'report.invalid' }
  for (const signal of SignalId.options) {
    const observation = parsed.data.signals[signal]
    if (observation && !isReportable(signal, observation.value)) return { code: 'report.invalid' }
  }
  return { report: parsed.data }
}
