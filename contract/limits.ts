import { clockLimits } from './clockLimits.ts'
import { incidentLimits } from './incidentLimits.ts'
import { notifyLimits } from './notifyLimits.ts'
import { recordingLimits } from './recordingLimits.ts'
import { storeLimits } from './storeLimits.ts'
import { wayLimits } from './wayLimits.ts'

/**
 * Every queue, buffer, list and retry of the product has its limit here, with what happens when it is reached. How long data is kept
 * is said in `retention.ts`.
 * Sizes in bytes, times in milliseconds, unless the name says otherwise.
 */
export const limits = {
  /** One agent message on the wire. Larger: the socket is closed with 1009 and the refusal is counted. */
  agentMessageBytes: 64 * 1024,
  /** Reports in one agent message. More: the message is refused as malformed. */
  reportsPerMessage: 100,
  /** Reports an agent keeps while the service is away. Full: the oldest are folded into one full-state report. */
  agentJournalReports: 10_000,
  /** Reports waiting for the next commit. Full: agent sockets are paused (TCP back-pressure) until it drains. */
  intakeQueue: 20_000,
  /** Reports committed together. More wait for the next transaction. */
  intakeBatch: 4_000,
  /** Reports an agent has sent and not seen acknowledged. Full: it waits for an acknowledgement before it sends more. */
  agentWindowReports: 400,
  /** An agent whose reports are not acknowledged for this long drops the socket and asks anew what arrived. */
  agentAckMs: 30_000,
  /** One log file of an agent (event log, runtime log, installation log). Full: it becomes `.1`, the older `.1` goes. */
  agentLogBytes: 1024 * 1024,
  /** Devices of one process that enrol, or open their connection, at the same time. More wait for their turn. */
  agentsAtOnce: 32,
  /** How long an enrolment request, or one step of the check of one host, may take. */
  agentRequestMs: 15_000,
  ...incidentLimits,
  ...notifyLimits,
  ...recordingLimits,
  ...wayLimits,
  ...storeLimits,
  ...clockLimits,
  /** How often a driver reads the real machine, and how long one reading may take before its signal is unknown. */
  hostPollMs: 30_000,
  hostProbeMs: 10_000,
  /** What a process that runs rooms says of all of them, in bytes. Larger: it counts as not running. */
  roomsAnswerBytes: 128 * 1024 * 1024,
  /** Steps that one scenario may expand to. More: the scenario is refused. */
  scenarioActions: 100_000,
  /** Of a rejected report, this many characters of its JSON are kept. */
  rejectedReportChars: 4_000,
  /**
   * What one device may send: bytes (each message counts for `deviceMessageBytes` more) and reports at once, a full journal with
   * ease, and in a second from then on. More: it is not read from until that much time has passed.
   */
  deviceBytes: 8 * 1024 * 1024,
  deviceBytesPerSecond: 64 * 1024,
  deviceMessageBytes: 64,
  deviceReports: 12_000,
  deviceReportsPerSecond: 100,
  /**
   * Changes that a device may bring to its room at once, and the time in which one more comes back, by its own corrected clock;
   * and how many at once by the service's clock, of a full journal that was written over days. More: its reports are taken together, the
   * newest state wins, and are committed once in `holdChangesMs`.
   */
  deviceChanges: 300,
  deviceChangeMs: 6_000,
  deviceChangesOfJournal: 10_000,
  holdChangesMs: 10_000,
  /** Connections of one device at once, and the time in which one more comes back. More: refused as `rate.limited`. */
  deviceConnections: 60,
  deviceConnectionMs: 5_000,
  /** Enrolments of a device that is known already, with another key or anew, and the time in which one more comes back. More: 429. */
  deviceComings: 10,
  deviceComingMs: 10 * 60_000,
  /** Connections of one address that have not proved a device yet, and in a minute: a thousand devices may share it. More: 429. */
  agentStrangersPerAddress: 2_000,
  agentConnectionsPerMinute: 10_000,
  /**
   * Rooms in onboarding of one tenant, and of them those that came since its self-enrolment key was made, and those that the account of one
   * room has let in. More: `enrol.tooMany`.
   */
  onboardingRoomsPerTenant: 5_000,
  onboardingRoomsPerKey: 2_000,
  onboardingRoomsPerAccount: 10,
  /** A room that nobody enrols within this after its device came leaves: it is unenrolled, its device off-boarded. */
  onboardingMs: 30 * 24 * 3_600_000,
  /** Bytes waiting in one agent's socket because it does not read. More: the socket is dropped. */
  agentBufferedBytes: 256 * 1024,
  /** Enrolments that came together and are committed together. More wait for the next transaction. */
  enrolmentsTogether: 200,
  /** How often an agent says that it is alive. */
  heartbeatMs: 30_000,
  /** Silence after which a room is disconnected (INC-2: within two minutes after the last sign of life). */
  disconnectAfterMs: 100_000,
  /** Disconnections are not called before the service itself has been up this long. */
  serviceGraceMs: 120_000,
  /** A sign of life, and a repeated observation, is stored at most this often; in between it is in memory only. */
  contactStoreMs: 300_000,
  /**
   * Changes of one signal of a room that are rows of its history, within so long (ms). More: one row says how often and from when to when,
   * once that time is over, and where nothing more comes so long after it by the service's clock.
   */
  flapRows: 60,
  flapHourMs: 3_600_000,
  flapLateMs: 600_000,
  /** Bytes of a checkpoint of a room. More: of an incident's openings the oldest are left out. Checkpoints in one commit. */
  checkpointBytes: 2_000,
  checkpointOpenings: 100,
  checkpointsTogether: 500,
  /** Rooms whose engine state the service keeps in memory. More: the one unused for longest is read again when needed. */
  roomsInMemory: 2_000,
  /**
   * Devices whose last boot the service keeps in memory. More: the next restart of the one unheard for longest is not in its room's
   * history.
   */
  bootsInMemory: 200_000,
  /**
   * Machines with one device's key: starts of its agent that are remembered, how many of them must come back within which time to be two,
   * for how long only one is seen until that is over, and how long the one that is turned away waits at most.
   */
  twinRuns: 8,
  twinReturns: 2,
  twinWindowMs: 10 * 60_000,
  twinOverMs: 15 * 60_000,
  twinRetryMs: 120_000,
  /** A restart of a device is told at most this often in its room's history. */
  restartSaidMs: 60_000,
  /** Rooms that timers take through the engine in one transaction. More are due: the next transaction follows at once. */
  dueRoomsTogether: 1_000,
  /** An agent that does not answer its challenge in time is dropped. */
  agentHelloMs: 10_000,
  /** A device that is being off-boarded is revoked when done, or after this. */
  offboardingMs: 7 * 24 * 3_600_000,
  /** An HTTP request body, other than a policy file. Larger: 413. */
  bodyBytes: 256 * 1024,
  /** Rooms in one command (enrol, unenrol). More: refused as malformed. */
  roomsPerCommand: 5_000,
  /** Rooms in which one issue is reported by hand, and how many of them may be open in a room (INC-4). */
  roomsPerReport: 100,
  reportsPerRoom: 20,
  /** A command older than this is refused as `command.expired` and parked by the console. Keys are kept longer (`retention.ts`). */
  commandMaxAgeMs: 30 * 24 * 3_600_000,
  /** Refusals of one person that are stored under their keys (an outbox full of them), and the time in which one more may be. */
  refusedOutcomes: 10_000,
  refusedOutcomeMs: 60_000,
  /** Rows in one feed batch. More follow in the next batch. */
  feedBatchRows: 500,
  /** Changes that a console may not see, after which it is sent a cursor without rows so that it need not read them again. */
  feedUnseenRows: 5_000,
  /** Feeds open at once of one person in one tenant, and from one address. More: refused as `feed.tooMany`. */
  feedsPerPerson: 50,
  feedsPerAddress: 5_000,
  /** One message from a console to the feed. Larger: the socket is closed with 1009. */
  consoleMessageBytes: 64 * 1024,
  /** Bytes waiting in one console's feed socket. More: sending stops until it drains (state-based, nothing is lost). */
  feedBufferedBytes: 4 * 1024 * 1024,
  /** Rows and bytes (before packing) in one snapshot page. One of the two reached: the page ends, and the rest is on the next. */
  snapshotPageRows: 2_000,
  snapshotPageFullBytes: 2 * 1024 * 1024,
  /** Rows of a snapshot page that are read at once. */
  snapshotReadRows: 250,
  /** A list answer of the HTTP interface. */
  listRows: 500,
  /** Unsent commands in one console. Full: the command is refused with `outbox.full`, nothing is dropped. */
  outboxRows: 10_000,
  /** Transitions of one room that a console keeps. More: the newest, and the service is asked for the rest. */
  windowRows: 5_000,
  /** How often the history of a room that somebody looks at is asked for, where the room changes all the time. */
  windowEveryMs: 2_000,
  /** Rows in one page of a bridge list. */
  bridgePageRows: 500,
  /** How long an access token is taken to last where neither its issuer nor the token itself says it. Then it is renewed. */
  unsaidTokenLifeMs: 300_000,
  /** One request of the console to the issuer or to discovery. Longer: it counts as not reached. */
  issuerRequestMs: 15_000,
  /** How long a person may take to sign in. Longer: the attempt ends, and may be made again. */
  signInMs: 10 * 60_000,
  /**
   * A sign-in at the embedded issuer lasts this many days without contact, and altogether. Then the person signs in again;
   * what they did offline waits for that, and what was synced stays readable as long as the offline lease says.
   */
  signInIdleDays: 14,
  signInDays: 30,
  /** How long a refresh token counts again after its use, for an answer that was lost; longer than three tries of the console. */
  refreshGraceMs: 60_000,
  /** One message of a window to the core, in bytes: a policy file fits. Larger: the browser host closes with 1009; Electron drops it. */
  bridgeMessageBytes: 64 * 1024 * 1024,
  /** Head of a request on loopback: all cookies that other ports of the name can have a browser send fit. More: 431. */
  loopbackHeaderBytes: 1024 * 1024,
  /** Windows of one console. More: refused. */
  bridgeWindows: 32,
  /** Links to the browser host that were made and not used. More: the oldest stops working. Each lasts `consoleLinkMs`. */
  consoleLinks: 32,
  consoleLinkMs: 12 * 3_600_000,
  /** Tabs that used a link, in one run of the browser host. More: the oldest needs a new link. */
  consoleTabs: 64,
  /** Rows of a list that can be marked at once. More: the first of them, and the screen says so. */
  pickedRows: 5_000,
  /** Commands that are put into the outbox together. More: the screen hands them over in parts, and shows how far it is. */
  commandsAtOnce: 250,
  /** A bridge call without an answer after this is refused with `bridge.timeout`. */
  bridgeCallMs: 30_000,
  /** A comment or a note, in characters. */
  commentChars: 4_000,
  /** A name that a person or a device gives, in characters. */
  nameChars: 120,
  /** Any other text that a device sends, in characters. */
  deviceTextChars: 400,
  /**
   * Requests and WebSockets per minute of one address (a thousand consoles may share it), of one person or key, and of the
   * people of one organisation. More: 429 with Retry-After.
   */
  requestsPerAddressPerMinute: 60_000,
  requestsPerMinute: 1_200,
  requestsPerTenantPerMinute: 60_000,
  /** Commands, and previews of them, per minute of one person, and of the people of one organisation. More: 429. */
  commandsPerMinute: 600,
  commandsPerTenantPerMinute: 6_000,
  /**
   * Refusals of one person that are alike, within this time, are one audit record and another with their count. Kinds of one
   * person that are told apart; more: by category and code alone. Kinds of all people; more: the oldest counts are recorded early.
   */
  refusedEntries: 100,
  refusedEntriesMs: 3_600_000,
  refusalsCounted: 20_000,
  /** Days of the offline lease (ACC-8), at most; and how far back a clock may be set before the copy is locked. */
  offlineLeaseDaysAtMost: 365,
  leaseClockBackMs: 10 * 60_000,
  /** Roles, room groups and partner links of one tenant. More: refused as `policy.tooMany`. */
  rolesPerTenant: 500,
  groupsPerTenant: 5_000,
  assignmentsPerTenant: 10_000,
  linksPerTenant: 500,
  /** Members of one assignment, and rooms or groups named in one scope or group. More: refused as malformed. */
  membersPerAssignment: 500,
  roomsPerScope: 5_000,
  /** Suppressions that are over one room at once; more are refused. */
  suppressionsPerRoom: 20,
  /** Rows of a page of suppressions, and of what one hid. */
  suppressionRows: 200,
  hiddenRows: 500,
  /** Times of a window that comes again that are looked at together, and steps by which its rule is followed from one to the next. */
  occurrences: 400,
  ruleSteps: 2_000,
  /** Characters of a rule by which a window comes again. */
  ruleChars: 200,
  /** Suppressions of a tenant that have not ended; more are refused. */
  suppressionsLive: 1_000,
  /** A suppression without an end is asked about after so many days, a window that comes again after the other (ROM-3). */
  suppressionConfirmDays: 7,
  windowConfirmDays: 90,
  /** "Ending soon", in lists (ms). */
  suppressionSoonMs: 24 * 3_600_000,
  groupsPerScope: 500,
  /** Conditions of one group's rule. */
  conditionsPerRule: 20,
  /** People of one security group that are known before they sign in. More: they are known when they sign in. */
  peoplePerSecurityGroup: 20_000,
  /** Security groups of one person that are read from the directory. More: the first of them count. */
  groupsPerPerson: 5_000,
  /** Matches that a search of the directory gives. */
  directoryMatches: 50,
  /** People named one by one in an effect, an explanation or an audit record. More are only counted. */
  peopleNamed: 200,
  /** Days an invitation of a partner may wait (PAR-1), and a partner's request for its decision. */
  invitationDaysAtMost: 30,
  requestDays: 7,
  /** Requests of one partner that wait. More: refused as `policy.tooMany`. */
  requestsWaiting: 1_000,
  /** How often security groups are read again from the directory. */
  directoryReadEveryMs: 300_000,
  /**
   * Passwords hashed at once by the embedded issuer, and those that wait, of all addresses and of one. More: `rate.limited`. An address of
   * which none waits has a place all the same.
   */
  passwordsAtOnce: 2,
  passwordsWaiting: 64,
  passwordsWaitingOfAddress: 16,
  /** Why somebody was not let in is logged once in this time for each kind, with how many there were; kinds that are told apart. */
  refusalLogMs: 60_000,
  refusalLogKinds: 500,
  /** One answer of an issuer: its discovery document, its keys, its tokens, unpacked. Larger: it counts as none, and is not read on. */
  issuerAnswerBytes: 1024 * 1024,
  /** One answer of a directory. Longer: it counts as not reached. */
  directoryRequestMs: 10_000,
  /** All pages of one security group, pauses that the directory asks for included. Longer: it counts as not reached. */
  directoryReadMs: 60_000,
  /** Tries of one request that a directory puts off. More: it counts as not reached. */
  directoryTries: 4,
  /** Pages of one answer of a directory, and the size of each in bytes. More: it counts as not reached. */
  directoryPages: 250,
  directoryPageBytes: 8 * 1024 * 1024,
  /**
   * A policy as a file, in characters: 5,000 assignments of 20 rooms, 500 roles and 1,000 groups are about 12 million. More:
   * refused as malformed.
   */
  policyFileChars: 16_000_000,
  /** The same on its way, in bytes: a character has three at most, or two where JSON escapes it. More: 413. */
  policyFileBytes: 64 * 1024 * 1024,
  /** Reading of one policy file. Longer: `request.tooLarge`. One is read at a time; where more wait: try later. */
  policyFileMs: 60_000,
  policyFilesWaiting: 8,
  /** Audit records in one page. */
  auditRows: 200,
  /** The console waits this long for the head of an answer, and for each silence while one arrives. Then: try later. */
  consoleRequestMs: 20_000,
  /** An answer of the service to the console, other than a snapshot page, a file or an installer. Larger: refused. */
  consoleAnswerBytes: 4 * 1024 * 1024,
  /** An export of the audit log. Larger: refused; a shorter range fits. */
  auditCsvBytes: 128 * 1024 * 1024,
  /** One snapshot page, and one message of the feed. Larger: dropped, and the connection is tried again later. */
  snapshotPageBytes: 64 * 1024 * 1024,
  feedMessageBytes: 64 * 1024 * 1024,
  /** Bytes of the feed that wait for the cache. More: the socket is paused until they are written. */
  feedUnwrittenBytes: 8 * 1024 * 1024,
  /** An installer. Larger: refused. */
  installerBytes: 512 * 1024 * 1024,
  /** Calls and topics open at once in one window. More: refused as `bridge.invalid`. */
  bridgeOpen: 1_000,
  /** Bytes that wait for one window. More: topics keep only their newest value until it catches up. */
  bridgeWaitingBytes: 4 * 1024 * 1024,
  /** Sorted lists kept for scrolling. Full: the one unused longest is dropped and made again when asked for. */
  listsKept: 16,
  /** Changes within this time are told to a window in one message; the first is told at once. */
  changesEveryMs: 30,
  /** Remote sessions of one relay (REM-7), and those of them whose second side has not come. More: `relay.full`. */
  relaySessions: 2_000,
  relayWaiting: 500,
  /** Upgrades that one address may ask a relay for in a minute. More: 429. */
  relayUpgradesPerMinute: 3_000,
  /** A ticket of a relay: characters, life at most, and how far clocks may differ. More: refused. */
  relayTicketChars: 2_048,
  relayTicketMs: 60_000,
  relayTicketLeewayMs: 5_000,
  /** Used tickets that a relay remembers until they have expired. Full: `relay.full`, so that none counts twice. */
  relayTicketsRemembered: 100_000,
  /** How long a relay waits for the second side, and for a side that dropped. Then the session ends. */
  relayWaitMs: 30_000,
  relayGraceMs: 30_000,
  /** A session without payload, and any session, at most; its tickets may say less. */
  relayIdleMsAtMost: 8 * 3_600_000,
  relaySessionMsAtMost: 24 * 3_600_000,
  /** A relay pings this often; a side that was silent this long counts as dropped. */
  relayPingMs: 20_000,
  relaySilentMs: 60_000,
  /** One frame of payload, and one control frame of text, in bytes. Larger: closed with 1009. */
  relayFrameBytes: 16 * 1024 * 1024,
  relayControlBytes: 1_024,
  /** Bytes that wait for one side of a session. More: the other side is not read until they are sent. */
  relayBufferedBytes: 64 * 1024,
  /** How long a relay that stops leaves its sessions, and after which pause their sides may ask for another. */
  relayDrainMs: 3_000,
  relayReconnectMs: 2_000,
  /** How long a side may take to answer a close. Then its connection is cut. */
  relayCloseMs: 5_000,
  /** Remote sessions (REM-3): how long a device may take to agree. Then `remote.noAnswer`. */
  sessionAnswerMs: 8_000,
  /** A signed grant, in characters. */
  grantChars: 8_192,
  /** A remote session without input or output ends after this, and every one after that. */
  sessionIdleMs: 15 * 60_000,
  sessionMaximumMs: 8 * 3_600_000,
  /** Remote sessions of one tenant at once. More: refused as `remote.tooMany`. */
  sessionsPerTenant: 200,
  /** Sessions that one console has open at once. More: refused as `remote.tooMany`. */
  sessionsPerConsole: 16,
  /** Screens and terminals that one session opens, over its life. More: the session ends. */
  sessionChannels: 1_000,
  /** Screens and terminals open at once in one session. More: `remote.tooMany`. */
  sessionChannelsOpen: 8,
  /** One sealed record of a session on the wire, in bytes: 64 KiB of a frame, and 31 around it. Larger: the session ends. */
  sessionRecordBytes: 64 * 1024 + 31,
  /** Bytes sent that the other end has not confirmed: kept to be sent again after a drop. Full: the sender waits. */
  sessionWindowBytes: 1024 * 1024,
  /** Received bytes after which the other end is told so, at the latest; and the longest wait (ms) before it. */
  sessionConfirmBytes: 64 * 1024,
  sessionConfirmMs: 200,
  /** How long both ends of a session try to find each other again. Then it ends. */
  sessionLostMs: 60_000,
  /** Bytes that wait in the socket of one end. More: the rest waits in the end itself, where small frames cost nothing. */
  sessionSocketBytes: 256 * 1024,
  /** How long a relay may take to let one end in. Then it is tried again. */
  sessionDialMs: 10_000,
  /** The first pause before an end dials again, and the longest; each is twice the one before, and partly chance. */
  sessionRetryMs: 250,
  sessionRetryMsAtMost: 5_000,
  /** An end that has nothing to say confirms this often; one that was silent this long counts as lost. */
  sessionAliveMs: 5_000,
  sessionSilentMs: 15_000,
  /** A device ends its sessions when its agent has been without the service for this long. */
  sessionUnattendedMs: 60_000,
  /** Width or height of a screen, in pixels. More: not shown. */
  screenPixelsAtMost: 16_384,
  /** One clipboard text of a session, in bytes. Longer: cut. */
  clipboardBytes: 256 * 1024,
  /** Bytes of a terminal that the operator has not taken yet. More: what runs in it waits. */
  terminalWaitingBytes: 256 * 1024,
  /** Bytes of one bridge stream that the screen has not taken yet. More: the core stops reading it. */
  bridgeStreamBytes: 1024 * 1024,
} as const
