import type { EntryKind, Lifecycle } from '../../contract/entities.ts'
import type { Millis } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { evidenceOf, reportedSignals, SignalId, signals, type SignalValue } from '../../contract/signals.ts'
import { deadlinesOf, nextTimerAt } from './deadlines.ts'
import {
  type Effects,
  type EngineEvent,
  type EntryEffect,
  type HiddenEffect,
  noEffects,
  type Observed,
  type ReportEvent,
  type TransitionEffect,
} from './happenings.ts'
import { differs, isNews, seenIn } from './news.ts'
import {
  type EngineSettings,
  healthOf,
  type IncidentMemory,
  isOff,
  isSuppressed,
  keptOpenings,
  memories,
  openHoldOf,
  resolveHoldOf,
  type RoomState,
  type SignalMemory,
  suppressedWith,
} from './state.ts'

/**
 * The incident engine (INC-1, INC-2, INC-3, ROM-1): a pure function of a room's state, one event, the settings and the
 * time. No clock, no ids, no I/O; the same events give the same states and effects, and asking it the time more often
 * changes nothing, since whatever becomes due is dated by when it was due.
 *
 * Holds are counted by the service's clock, from when the evidence arrived. What the device's clock said (corrected)
 * only dates what is shown. A value of `unknown` is no evidence: it is shown, and everything else goes on as the last
 * evidence left it, holds included.
 */

export interface StepResult {
  /** The very same object when nothing changed. */
  readonly state: RoomState
  readonly effects: Effects
  readonly nextTimerAt: Millis | null
}

/** Takes the room through one event at `now` (the service's clock). See the types for what each event means. */
export function step(state: RoomState, event: EngineEvent, settings: EngineSettings, now: Millis): StepResult {
  const next = nextTimerAt(state, settings)
  if ((next === null || next > now) && !isNews(state, event, now)) {
    return { state, effects: noEffects, nextTimerAt: next }
  }
  const room = new Draft(state, settings)
  room.advance(now)
  room.take(event, now)
  room.advance(now)
  return { state: room.state, effects: room.effects, nextTimerAt: nextTimerAt(room.state, settings) }
}

/** The work of one step on a copy of the state; parts are copied when they are first written. */
class Draft {
  state: RoomState
  readonly effects: { incidents: Set<SignalId>; entries: EntryEffect[]; events: TransitionEffect[]; hidden: HiddenEffect[] }
  readonly #settings: EngineSettings

  constructor(state: RoomState, settings: EngineSettings) {
    this.state = { ...state, signals: { ...state.signals } }
    this.effects = { incidents: new Set(), entries: [], events: [], hidden: [] }
    this.#settings = settings
  }

  /** Lets everything happen that was due up to `now`, in the order in which it was due. */
  advance(now: Millis): void {
    for (;;) {
      const at = nextTimerAt(this.state, this.#settings)
      if (at === null || at > now) return
      for (const [signal, { incident }] of memories(this.state)) if (incident) this.#fire(signal, incident, at)
      this.#settle(at)
    }
  }

  take(event: EngineEvent, now: Millis): void {
    switch (event.type) {
      case 'report':
        this.#contact(now)
        this.#report(event, now)
        break
      case 'contact':
        this.#contact(now)
        break
      case 'disconnected':
        if (this.state.contact !== 'lost') {
          this.state.contact = 'lost'
          this.state.lastContactAt = Math.max(this.state.lastContactAt, event.lastContactAt)
          this.effects.events.push({ kind: 'disconnected', at: now, from: this.state.lastContactAt })
          this.#observe('connectivity.agent', { value: 'unhealthy' }, this.state.lastContactAt, now)
        }
        break
      case 'machines':
        this.#derive('connectivity.identity', event.several, event.detail, now, now)
        break
      case 'clock':
        this.#derive('software.timeDrift', event.wrong, event.detail, now, now)
        break
      case 'settings':
        this.#switch(now)
        break
      case 'lifecycle':
        if (this.state.lifecycle !== event.lifecycle) this.#lifecycle(event.lifecycle, now)
        break
      case 'attention':
        this.#attention(event.signal, event.acknowledged, now)
        break
      case 'suppression':
        this.#suppression(event.of, event.on, Math.min(event.at, now))
        break
      case 'reports':
        this.#reports(event)
        break
      case 'timer':
        break
    }
    this.#settle(now)
  }

  #contact(now: Millis): void {
    const { contact, lastContactAt } = this.state
    if (contact !== 'connected') {
      this.state.contact = 'connected'
      this.effects.events.push({ kind: 'connected', at: now })
    }
    if (contact !== 'connected' || now - lastContactAt >= limits.contactStoreMs) {
      this.state.lastContactAt = Math.max(lastContactAt, now)
    }
    this.#observe('connectivity.agent', { value: 'healthy' }, now, now)
  }

  #report(event: ReportEvent, now: Millis): void {
    for (const signal of SignalId.options) {
      const seen = seenIn(event, signal, this.state)
      if (seen) this.#observe(signal, seen, event.observedAt, now)
    }
    this.#complete(event.observedAt, now)
  }

  /** Whether all is known of what is watched. */
  #complete(at: Millis, now: Millis): void {
    const { foreign } = this.#settings
    const unknown = reportedSignals.filter(
      (id) => this.state.signals[id]?.value === 'unknown' && !foreign?.has(id) && !isOff(id, this.#settings),
    )
    this.#derive('connectivity.incompleteSignals', unknown.length > 0, unknown.join(', '), at, now)
  }

  /** A signal that the service makes: told when it is bad for the first time, and from then on. */
  #derive(signal: SignalId, bad: boolean, detail: string | undefined, at: Millis, now: Millis): void {
    if (!bad && !this.state.signals[signal]) return
    this.#observe(signal, bad ? { value: 'unhealthy', ...(detail ? { detail } : {}) } : { value: 'healthy' }, at, now)
  }

  #observe(signal: SignalId, seen: Observed, observedAt: Millis, now: Millis): void {
    const before = this.state.signals[signal]
    if (before && !differs(before, seen, observedAt)) return
    const since = before?.value === seen.value ? before.since : observedAt
    const { detail: _, ...kept } = before ?? {}
    const memory: SignalMemory = { ...kept, ...seenOf(seen), since, observedAt: Math.max(observedAt, before?.observedAt ?? 0) }
    this.state.signals[signal] = memory
    const evidence = evidenceOf(seen.value)
    // A signal that is good from its very first report makes no line of history; `since` tells it all.
    if (before?.value !== seen.value && (before || evidence !== 'good') && !signals[signal].immediate) {
      this.effects.events.push({ kind: 'signal', at: observedAt, signal, ...seenOf(seen) })
    }
    if (evidence !== 'none' && this.#raises(signal)) this.#evidence(signal, memory, evidence === 'bad', observedAt, now)
  }

  /** Only enrolled rooms have incidents (ENR-4), and only of signals that are switched on (ROM-4). */
  #raises(signal: SignalId): boolean {
    return this.state.lifecycle === 'enrolled' && !isOff(signal, this.#settings)
  }

  #evidence(signal: SignalId, memory: SignalMemory, bad: boolean, at: Millis, now: Millis): void {
    const incident = memory.incident
    if (!bad) this.#unhide(signal, now)
    if (!incident || incident.phase === 'good') {
      if (bad) this.#begin(signal, memory, at, now)
      return
    }
    if (incident.value !== memory.value || incident.detail !== memory.detail) {
      this.#change(signal, { value: memory.value, detail: memory.detail })
    }
    if (bad && incident.phase === 'recovering') {
      this.#change(signal, { phase: 'open', phaseSince: now })
    } else if (!bad && incident.phase === 'investigating') {
      this.#end(signal, 'dismissed', at, now)
    } else if (!bad && incident.phase === 'open') {
      if (resolveHoldOf(signal, this.#settings) === 0) this.#end(signal, 'resolved', at, now)
      else {
        this.#change(signal, { phase: 'recovering', phaseSince: now })
        this.#entry(signal, 'recovering', at)
      }
    }
  }

  /** The incident's first beginning, or its next one under the same number (INC-2); a suppression keeps it from that (ROM-3). */
  #begin(signal: SignalId, { hidden: _, ...memory }: SignalMemory, at: Millis, now: Millis, value = memory.value): void {
    if (isSuppressed(this.state, signal)) {
      this.#hide(signal, now)
      return
    }
    const before = memory.incident
    const incident: IncidentMemory = {
      phase: 'investigating',
      phaseSince: now,
      ...seenOf({ ...memory, value }),
      since: memory.since,
      openings: before?.openings ?? 0,
      openedTimes: before?.openedTimes ?? [],
      flapping: before?.flapping ?? false,
      acknowledged: false,
      unattendedSince: now,
    }
    this.state.signals[signal] = { ...memory, incident }
    this.effects.incidents.add(signal)
    if (openHoldOf(signal, this.#settings) === 0) this.#open(signal, now)
    else this.#entry(signal, 'investigating', at)
  }

  #hide(signal: SignalId, since: Millis): void {
    const memory = this.state.signals[signal]
    if (!memory) return
    const { hidden, value } = memory
    if (!hidden) this.effects.hidden.push({ signal, since })
    this.state.signals[signal] = { ...memory, hidden: { since: hidden?.since ?? since, value } }
  }

  #unhide(signal: SignalId, now: Millis): void {
    const memory = this.state.signals[signal]
    if (!memory?.hidden) return
    const { hidden, ...shown } = memory
    this.effects.hidden.push({ signal, since: hidden.since, until: now, counts: now - hidden.since >= openHoldOf(signal, this.#settings) })
    this.state.signals[signal] = shown
  }

  /** What comes under it waits or is hidden from there on; when nothing suppresses a signal any more, what is bad begins, with its hold. */
  #suppression(of: SignalId | 'room', on: boolean, at: Millis): void {
    const before = this.state
    const { suppressed: was, ...others } = before
    const suppressed = suppressedWith(was, of, on)
    if ((was?.room ?? false) === (suppressed?.room ?? false) && was?.signals.length === suppressed?.signals.length) return
    this.state = suppressed ? { ...others, suppressed } : others
    this.effects.events.push({ kind: on ? 'suppressed' : 'unsuppressed', at, ...(of === 'room' ? {} : { signal: of }) })
    for (const [signal, memory] of memories(this.state)) {
      const is = isSuppressed(this.state, signal)
      if (is === isSuppressed(before, signal)) continue
      const waits = memory.incident?.phase === 'investigating'
      if (is && waits) this.#hide(signal, at)
      if (is || !memory.hidden) continue
      const { hidden, ...shown } = memory
      const from = Math.max(at, hidden.since)
      if (!waits) this.#begin(signal, memory, from, from, hidden.value)
      else {
        this.state.signals[signal] = shown
        this.#change(signal, { phaseSince: from })
      }
    }
    this.#settle(at)
  }

  #open(signal: SignalId, at: Millis): void {
    const incident = this.#incident(signal)
    if (!incident) return
    const openedTimes = [...incident.openedTimes, at].slice(-keptOpenings)
    const { flapCount, flapWindowMs } = this.#settings
    const recent = openedTimes.filter((time) => at - time < flapWindowMs).length
    const flapping = incident.flapping || recent >= flapCount
    const openings = incident.openings + 1
    this.#change(signal, { phase: 'open', phaseSince: at, openedAt: at, openings, openedTimes, flapping, unattendedSince: at })
    this.#entry(signal, 'opened', at)
    if (flapping && !incident.flapping) this.#entry(signal, 'flapping', at)
  }

  /** However it ends, attention and age end with it (INC-1). */
  #end(signal: SignalId, kind: 'resolved' | 'dismissed' | 'closed', at: Millis, now: Millis): void {
    this.#change(signal, { phase: 'good', phaseSince: now, resolvedAt: at, acknowledged: false, agedAt: undefined })
    this.#entry(signal, kind, at)
  }

  #fire(signal: SignalId, incident: IncidentMemory, now: Millis): void {
    for (const deadline of deadlinesOf(signal, incident, this.#settings, isSuppressed(this.state, signal))) {
      if (deadline.at > now) continue
      switch (deadline.kind) {
        case 'open':
          this.#open(signal, deadline.at)
          return
        case 'resolve':
          this.#end(signal, 'resolved', deadline.at, deadline.at)
          return
        case 'age':
          this.#change(signal, { agedAt: deadline.at })
          this.#entry(signal, 'aged', deadline.at)
          return
        case 'steady':
          this.#change(signal, { flapping: false })
          this.#entry(signal, 'steady', deadline.at)
          return
      }
    }
  }

  #lifecycle(lifecycle: Lifecycle, now: Millis): void {
    this.state.lifecycle = lifecycle
    if (lifecycle !== 'enrolled') delete this.state.reports
    this.effects.events.push({ kind: lifecycle === 'onboarding' ? 'onboarded' : lifecycle, at: now })
    for (const [signal, memory] of memories(this.state)) {
      if (lifecycle === 'enrolled') {
        if (this.#raises(signal) && evidenceOf(memory.value) === 'bad') this.#begin(signal, memory, now, now)
        continue
      }
      this.#unhide(signal, now)
      if (memory.incident) {
        if (memory.incident.flapping) this.#change(signal, { flapping: false })
        if (memory.incident.phase !== 'good') this.#end(signal, 'closed', now, now)
      }
    }
  }

  /** What is switched off closes; what is on and bad begins at once, by what is known of it. */
  #switch(now: Millis): void {
    for (const [signal, memory] of memories(this.state)) {
      const ended = (memory.incident?.phase ?? 'good') === 'good'
      if (isOff(signal, this.#settings)) {
        this.#unhide(signal, now)
        if (!ended) this.#end(signal, 'closed', now, now)
      }
      if (ended && this.#raises(signal) && evidenceOf(memory.value) === 'bad') this.#begin(signal, memory, now, now)
    }
    this.#complete(now, now)
  }

  /** Only enrolled rooms have any (ENR-4). */
  #reports({ critical, important }: { critical: number; important: number }): void {
    const { reports: _, ...others } = this.state
    const some = this.state.lifecycle === 'enrolled' && critical + important > 0
    this.state = some ? { ...others, reports: { critical, important } } : others
  }

  #attention(signal: SignalId, acknowledged: boolean, now: Millis): void {
    const incident = this.#incident(signal)
    if (!incident || incident.phase === 'good' || incident.acknowledged === acknowledged) return
    this.#change(signal, { acknowledged, ...(acknowledged ? {} : { unattendedSince: now }) })
  }

  #incident(signal: SignalId): IncidentMemory | undefined {
    return this.state.signals[signal]?.incident
  }

  #change(signal: SignalId, changes: Partial<IncidentMemory>): void {
    const memory = this.state.signals[signal]
    if (!memory?.incident) return
    const incident = { ...memory.incident, ...changes }
    if (incident.detail === undefined) delete incident.detail
    if (incident.agedAt === undefined) delete incident.agedAt
    this.state.signals[signal] = { ...memory, incident }
    this.effects.incidents.add(signal)
  }

  #entry(signal: SignalId, kind: EntryKind, at: Millis): void {
    const incident = this.#incident(signal)
    if (incident) this.effects.entries.push({ signal, kind, at, ...seenOf(incident) })
  }

  #settle(at: Millis): void {
    const health = healthOf(this.state, this.#settings)
    if (health === this.state.health) return
    this.state.health = health
    this.state.healthSince = at
    this.effects.events.push({ kind: 'health', at, health })
  }
}

const seenOf = (seen: Observed): { value: SignalValue; detail?: string } =>
  seen.detail === undefined ? { value: seen.value } : { value: seen.value, detail: seen.detail }
