import type { DeviceFacts } from '../../contract/agent.ts'
import type { Place } from '../../contract/entities.ts'
import { limits } from '../../contract/limits.ts'
import type { RemoteMode } from '../../contract/remoteFacts.ts'
import type { SignalId } from '../../contract/signals.ts'
import { cleanText } from '../../contract/text.ts'
import type { Change, Observations } from '../devices/device.ts'
import { randomInt, sample, seededRandom } from '../random.ts'
import { RoomClock } from './clock.ts'
import { meetingsFrom, participantsOf, people, type Meeting } from './meetings.ts'
import { themeCount } from './wallpaper.ts'
import { words, type Language, type Words } from './words.ts'

export type Page = 'home' | 'call' | 'settings' | 'meeting'
export type Panel = 'more' | 'share' | 'restart'
export type SettingsTab = 'about' | 'displays' | 'audio' | 'camera'
export const settingsTabs = ['about', 'displays', 'audio', 'camera'] as const satisfies readonly SettingsTab[]

/** What can be switched; all but the last four outlive a restart of the room. */
export interface Switches {
  roomNameShown: boolean
  nextMeetingShown: boolean
  noise: boolean
  cameraOn: boolean
  framing: boolean
  muted: boolean
  videoOff: boolean
  handUp: boolean
  sharing: boolean
}

export interface OngoingMeeting {
  readonly title: string
  readonly people: readonly string[]
  /** Milliseconds UTC. */
  readonly since: number
}

/** Who has a remote session with the room, and whether it is recorded. */
export interface RoomSession {
  readonly who: string
  readonly mode: RemoteMode
  readonly recorded: boolean
}

export interface RoomModelOptions {
  facts: DeviceFacts
  signals?: Observations | undefined
  roomName: string
  place: Place
  seed: string | number
  now: () => number
  language?: Language | undefined
  /** The room has joined a call on its screen, or left it. */
  onCall: (inCall: boolean) => void
  /** Somebody pressed Restart on its screen. */
  onRestart: () => void
}

/** How long a simulated room shows that it restarts, in ms. */
export const restartShownMs = 8_000
/** Longest text of the field to search in. */
const searchCharsAtMost = 64

const calm = { muted: false, videoOff: false, handUp: false, sharing: false }

/** What a simulated room is doing: shared by its displays and by all who look at them. It draws nothing. */
export class RoomModel {
  readonly words: Words
  readonly language: Language
  readonly clock: RoomClock
  readonly now: () => number
  readonly name: string
  readonly place: string
  /** Number of the wallpaper. */
  readonly theme: number
  /** Who can be called from here. */
  readonly contacts: readonly string[]
  readonly #options: RoomModelOptions
  readonly #listeners = new Set<() => void>()
  #facts: DeviceFacts
  #signals: Observations
  #page: Page = 'home'
  #panel: Panel | undefined
  #tab: SettingsTab = 'about'
  #search = ''
  #volume = 6
  #meeting: OngoingMeeting | undefined
  #session: RoomSession | undefined
  #restartingUntil = 0
  #switches: Switches = { roomNameShown: true, nextMeetingShown: true, noise: true, cameraOn: true, framing: true, ...calm }

  constructor(options: RoomModelOptions) {
    const { seed, language = 'en' } = options
    this.#options = options
    this.now = options.now
    this.language = language
    this.words = words[language]
    this.clock = new RoomClock(options.place.timeZone, this.words)
    this.name = cleanText(options.roomName, limits.nameChars)
    this.place = [options.place.building, options.place.floor]
      .map((part) => cleanText(part, limits.nameChars))
      .filter(Boolean)
      .join(' · ')
    const random = seededRandom('screen', seed, options.roomName)
    this.theme = randomInt(random, themeCount)
    this.contacts = sample(random, people, 10).sort((one, other) => one.localeCompare(other, 'en'))
    this.#facts = options.facts
    this.#signals = options.signals ?? {}
    if (options.facts.inCall) this.#join(this.#current())
  }

  /** Calls after every change, until undone. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  get facts(): DeviceFacts {
    return this.#facts
  }
  get page(): Page {
    return this.#page
  }
  get panel(): Panel | undefined {
    return this.#panel
  }
  get tab(): SettingsTab {
    return this.#tab
  }
  get search(): string {
    return this.#search
  }
  /** 0 to 10. */
  get volume(): number {
    return this.#volume
  }
  get meeting(): OngoingMeeting | undefined {
    return this.#meeting
  }
  get switches(): Readonly<Switches> {
    return this.#switches
  }
  /** Who has a remote session with the room; undefined: nobody. */
  get session(): RoomSession | undefined {
    return this.#session
  }
  get restarting(): boolean {
    return this.now() < this.#restartingUntil
  }
  /** When the picture changes without anybody doing anything, in milliseconds UTC. */
  get changesAt(): number {
    const minute = (Math.floor(this.now() / 60_000) + 1) * 60_000
    return this.restarting ? Math.min(minute, this.#restartingUntil) : minute
  }

  /** Meetings that are not over yet. */
  meetings(): Meeting[] {
    return meetingsFrom(this.#options.seed, this.name, this.now(), this.words)
  }

  /** What the device says of a part, or undefined where it says nothing. */
  detail(signal: SignalId): string | undefined {
    const text = this.#signals[signal]?.detail
    return text === undefined ? undefined : cleanText(text, limits.deviceTextChars)
  }

  /** Whether the room has such a part at all. */
  has(signal: SignalId): boolean {
    const value = this.#signals[signal]?.value
    return value !== 'notPresent' && value !== 'notApplicable'
  }

  /** What is wrong with a part, in words; undefined where nothing is. */
  problem(signal: SignalId): string | undefined {
    const { words: said } = this
    const value = this.#signals[signal]?.value
    if (value === 'unknown') return said.unknown
    if (value === 'misconfigured') return signal === 'audio.microphone' ? said.microphoneWrong : said.speakerWrong
    if (value !== 'unhealthy') return undefined
    switch (signal) {
      case 'peripherals.camera':
        return said.cameraMissing
      case 'audio.microphone':
        return said.microphoneMissing
      case 'audio.speaker':
        return said.speakerMissing
      case 'display.console':
        return said.consoleMissing
      case 'display.frontOfRoom1':
      case 'display.frontOfRoom2':
        return said.displayMissing
      case 'connectivity.signInTeams':
        return said.signInMissing
      case 'connectivity.signInExchange':
        return said.calendarMissing
      case 'connectivity.network':
        return said.networkMissing
      case 'peripherals.hdmiIngest':
        return said.hdmiMissing
      default:
        return undefined
    }
  }

  /** What the device reports of itself now; the screen follows. */
  update({ signals, facts }: Change): void {
    this.#signals = { ...this.#signals, ...signals }
    this.#facts = { ...this.#facts, ...facts }
    if (facts?.inCall === true && !this.#meeting) this.#join(this.#current())
    if (facts?.inCall === false && this.#meeting) this.#hangUp()
    this.#changed()
  }

  showSession(who: string, mode: RemoteMode, recorded = false): void {
    this.#session = { who: cleanText(who, limits.nameChars), mode, recorded }
    this.#changed()
  }

  hideSession(): void {
    if (!this.#session) return
    this.#session = undefined
    this.#changed()
  }

  go(page: Page): void {
    this.#page = page
    this.#panel = undefined
    this.#search = ''
    this.#changed()
  }

  open(panel: Panel | undefined): void {
    this.#panel = panel
    this.#changed()
  }

  select(tab: SettingsTab): void {
    this.#tab = tab
    this.#changed()
  }

  /** Puts text behind what the field has; more than fits is dropped. */
  type(text: string): void {
    this.#search = `${this.#search}${text}`.slice(0, searchCharsAtMost)
    this.#changed()
  }

  /** Takes the last character, or all of them, out of the field. */
  erase(all = false): void {
    this.#search = all ? '' : [...this.#search].slice(0, -1).join('')
    this.#changed()
  }

  flip(name: keyof Switches): void {
    this.#switches = { ...this.#switches, [name]: !this.#switches[name] }
    this.#changed()
  }

  turnVolume(by: number): void {
    this.#volume = Math.min(10, Math.max(0, this.#volume + by))
    this.#changed()
  }

  /** Joins a meeting of the calendar. */
  join(meeting: Meeting): void {
    this.#call({ title: meeting.title, people: participantsOf(meeting), since: this.now() })
  }

  /** Starts a meeting of its own. */
  meetNow(): void {
    this.#call(this.#current())
  }

  /** Calls somebody by name or number. */
  dial(who: string): void {
    const name = cleanText(who, searchCharsAtMost)
    if (name) this.#call({ title: this.words.callWith(name), people: [name], since: this.now() })
  }

  leave(): void {
    if (!this.#meeting) return
    this.#hangUp()
    this.#changed()
    this.#options.onCall(false)
  }

  /** Shows that the device restarts; the room is as after its start when that is over. Tells nobody. */
  restart(): void {
    const wasInCall = this.#meeting !== undefined
    this.#hangUp()
    this.#tab = 'about'
    this.#restartingUntil = this.now() + restartShownMs
    this.#changed()
    if (wasInCall) this.#options.onCall(false)
  }

  /** As when somebody presses Restart on the screen. */
  pressRestart(): void {
    this.restart()
    this.#options.onRestart()
  }

  #call(meeting: OngoingMeeting): void {
    if (this.#meeting) return
    this.#join(meeting)
    this.#changed()
    this.#options.onCall(true)
  }

  #current(): OngoingMeeting {
    return { title: this.words.meetNow, people: this.contacts.slice(0, 3), since: this.now() }
  }

  #join(meeting: OngoingMeeting): void {
    this.#meeting = meeting
    this.#switches = { ...this.#switches, ...calm, videoOff: !this.#switches.cameraOn }
    this.#page = 'meeting'
    this.#panel = undefined
    this.#search = ''
  }

  #hangUp(): void {
    this.#meeting = undefined
    this.#switches = { ...this.#switches, ...calm }
    this.#page = 'home'
    this.#panel = undefined
    this.#search = ''
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
