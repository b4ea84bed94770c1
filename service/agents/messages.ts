import { z } from 'zod'
import { AgentToService, NumberedReport, Report } from '../../contract/agent.ts'
import { detailsOf, type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
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
  const parsed = AgentToService.safeParse(raw)
  if (!parsed.success) throw new RoomkeeperError('message.malformed', detailsOf(parsed.error))
  return parsed.data
}

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
