import { evidenceOf, signals, type SignalId, type SignalValue } from '../../contract/signals.ts'
import type { EngineEvent } from './happenings.ts'
import type { EngineSettings } from './state.ts'

/**
 * A second, slow engine for the tests, written from the requirements and not from the first one: it lives through
 * every millisecond, and asks at each what has lasted long enough.
 */

export interface Timed {
  readonly at: number
  readonly event: EngineEvent
}

export interface SlowSignal {
  value: SignalValue
  /** Null: this signal has no incident. */
  status: 'none' | 'investigating' | 'needAction' | 'resolved'
  badFor: number
  /** Milliseconds of good evidence since the incident needed action; null while the evidence is bad. */
  goodFor: number | null
  openedAt: number[]
  acknowledged: boolean
  unattendedFor: number
  important: boolean
  flapping: boolean
  /** A suppression keeps its incident from beginning. */
  hidden: boolean
}

export class SlowRoom {
  lifecycle = 'onboarding'
  lost = false
  suppressed = new Set<SignalId | 'room'>()
  reported = 0
  known = new Map<SignalId, SlowSignal>()
  opened: { signal: SignalId; at: number; badSince: number }[] = []
  readonly #settings: EngineSettings
  #began = new Map<SignalId, number>()

  constructor(settings: EngineSettings) {
    this.#settings = settings
  }

  run(events: readonly Timed[], until: number): void {
    for (let now = 0; now <= until; now++) {
      if (now > 0) this.#age()
      this.#due(now)
      for (const { at, event } of events) {
        if (at !== now) continue
        this.#take(event, now)
        this.#due(now)
      }
    }
  }

  #age(): void {
    for (const signal of this.known.values()) {
      signal.badFor++
      signal.unattendedFor++
      if (signal.goodFor !== null) signal.goodFor++
    }
  }

  #due(now: number): void {
    const { openHoldMs, resolveHoldMs, warningAgesMs, flapWindowMs } = this.#settings
    for (const [id, signal] of this.known) {
      if (!this.#isSuppressed(id) && signal.status === 'investigating' && signal.badFor >= (signals[id].immediate ? 0 : openHoldMs))
        this.#open(id, signal, now)
      if (signal.status === 'needAction' && signal.goodFor !== null && signal.goodFor >= (signals[id].immediate ? 0 : resolveHoldMs)) {
        this.#finish(signal)
      }
      if (signal.status === 'needAction' && !signal.important && !signal.acknowledged && signal.unattendedFor >= warningAgesMs) {
        signal.important = true
      }
      if (signal.flapping && now - (signal.openedAt.at(-1) ?? 0) >= flapWindowMs) signal.flapping = false
    }
  }

  #isSuppressed(id: SignalId): boolean {
    return this.suppressed.has('room') || this.suppressed.has(id)
  }

  #open(id: SignalId, signal: SlowSignal, now: number): void {
    signal.status = 'needAction'
    signal.unattendedFor = 0
    signal.openedAt.push(now)
    this.opened.push({ signal: id, at: now, badSince: this.#began.get(id) ?? 0 })
    const { flapCount, flapWindowMs } = this.#settings
    if (signal.openedAt.filter((at) => at > now - flapWindowMs).length >= flapCount) signal.flapping = true
  }

  #finish(signal: SlowSignal): void {
    signal.status = 'resolved'
    signal.acknowledged = false
    signal.important = false
    signal.goodFor = null
  }

  #start(id: SignalId, signal: SlowSignal, now: number): void {
    signal.status = 'investigating'
    signal.badFor = 0
    signal.goodFor = null
    signal.important = signals[id].severity === 'important'
    this.#began.set(id, now)
  }

  #see(id: SignalId, value: SignalValue, now: number): void {
    let signal = this.known.get(id)
    if (!signal) {
      signal = {
        value,
        status: 'none',
        badFor: 0,
        goodFor: null,
        openedAt: [],
        acknowledged: false,
        unattendedFor: 0,
        important: false,
        flapping: false,
        hidden: false,
      }
      this.known.set(id, signal)
    }
    signal.value = value
    if (!this.#watches(id)) return
    const closed = signal.status === 'none' || signal.status === 'resolved'
    switch (evidenceOf(value)) {
      case 'bad':
        if (closed && this.#isSuppressed(id)) signal.hidden = true
        else if (closed) this.#start(id, signal, now)
        signal.goodFor = null
        break
      case 'good':
        signal.hidden = false
        if (signal.status === 'investigating') this.#finish(signal)
        else if (signal.status === 'needAction') signal.goodFor ??= 0
        break
      case 'none':
    }
  }

  #watches(id: SignalId): boolean {
    return this.lifecycle === 'enrolled' && signals[id].enabledByDefault
  }

  #take(event: EngineEvent, now: number): void {
    if (event.type === 'report' || event.type === 'contact') {
      this.lost = false
      this.#see('connectivity.agent', 'healthy', now)
    }
    if (event.type === 'report') {
      if (event.full) {
        for (const [id, { value }] of this.known) {
          if (!event.signals[id] && !signals[id].derived && value !== 'notApplicable') this.#see(id, 'unknown', now)
        }
      }
      for (const [id, seen] of Object.entries(event.signals)) this.#see(id as SignalId, seen.value, now)
      const unknown = [...this.known].some(([id, { value }]) => !signals[id].derived && value === 'unknown' && signals[id].enabledByDefault)
      if (unknown || this.known.has('connectivity.incompleteSignals')) {
        this.#see('connectivity.incompleteSignals', unknown ? 'unhealthy' : 'healthy', now)
      }
    }
    if (event.type === 'disconnected') {
      this.lost = true
      this.#see('connectivity.agent', 'unhealthy', now)
    }
    if (event.type === 'machines' && (event.several || this.known.has('connectivity.identity'))) {
      this.#see('connectivity.identity', event.several ? 'unhealthy' : 'healthy', now)
    }
    if (event.type === 'lifecycle' && event.lifecycle !== this.lifecycle) {
      this.lifecycle = event.lifecycle
      if (event.lifecycle !== 'enrolled') this.reported = 0
      for (const [id, signal] of this.known) {
        if (event.lifecycle === 'enrolled') {
          if (evidenceOf(signal.value) === 'bad') this.#see(id, signal.value, now)
        } else {
          signal.flapping = false
          signal.hidden = false
          if (signal.status !== 'none') this.#finish(signal)
        }
      }
    }
    if (event.type === 'suppression') {
      const before = new Set([...this.known.keys()].filter((id) => this.#isSuppressed(id)))
      if (event.on) this.suppressed.add(event.of)
      else this.suppressed.delete(event.of)
      for (const [id, signal] of this.known) {
        if (!before.has(id) || this.#isSuppressed(id)) continue
        if (signal.status === 'investigating') signal.badFor = 0
        else if (signal.hidden) this.#start(id, signal, now)
        signal.hidden = false
      }
    }
    if (event.type === 'reports') this.reported = this.lifecycle === 'enrolled' ? event.critical + event.important : 0
    if (event.type === 'attention') {
      const signal = this.known.get(event.signal)
      if (signal && (signal.status === 'investigating' || signal.status === 'needAction')) {
        if (signal.acknowledged && !event.acknowledged) signal.unattendedFor = 0
        signal.acknowledged = event.acknowledged
      }
    }
  }

  get health(): string {
    if (this.suppressed.has('room')) return 'suppressed'
    if (this.lost) return 'disconnected'
    if (this.reported > 0) return 'unhealthy'
    const all = [...this.known].filter(([id]) => signals[id].enabledByDefault)
    if (all.some(([, signal]) => signal.status === 'needAction' && signal.important)) return 'unhealthy'
    return all.some(([id, { value }]) => !signals[id].derived && value !== 'unknown') ? 'healthy' : 'unknown'
  }
}
