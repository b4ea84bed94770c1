import { made, table } from './table.ts'

/** What must hold, by the ids that titles of tests begin with. */
export interface Rule {
  readonly holds: string
  /** Nothing of it is in the product. */
  readonly planned?: true
}

const areas: Readonly<Record<string, string>> = {
  ACC: 'Access and roles',
  ENR: 'Devices come and leave',
  ROM: 'Rooms',
  INC: 'Incidents',
  REM: 'Remote access',
  PAR: 'Partners',
  UPD: 'Updates',
  REP: 'Reports',
  AUD: 'Audit',
  CON: 'The console',
  SET: 'Settings of devices',
  API: 'Interfaces for others',
  rule: 'How it is built',
}

export const rules: Readonly<Record<string, Rule>> = {
  'ACC-1': { holds: 'People sign in with the account of their organisation; what renews a sign-in rests encrypted and goes at sign-out.' },
  'ACC-2': { holds: 'Built-in roles hold exactly the permissions of the table, and nobody changes or deletes them.' },
  'ACC-3': {
    holds: 'A Global Administrator may do all but remote access and appoints the first Pro Manager; the last Pro Manager stays.',
  },
  'ACC-4': {
    holds: 'An assignment gives one role to people and security groups over rooms and groups of rooms, in four steps and a review.',
  },
  'ACC-5': { holds: 'A custom role is made with its permissions and, if wanted, its first assignment.' },
  'ACC-6': { holds: 'What somebody may do on a room is the union of their assignments, each within its scope; service and console agree.' },
  'ACC-7': { holds: 'Who may do something, and by what chain, can be asked; a change of roles shows its effect before it is saved.' },
  'ACC-8': { holds: 'What somebody may no longer see leaves their copies at the next contact; without contact a copy has a lease.' },
  'ENR-1': {
    holds: 'A device enrols with the key of its tenant, or with the account of its room; a reset key ends the former one at once.',
  },
  'ENR-2': { holds: 'The installer tries what an enrolment needs, one by one, and names the step that fails.' },
  'ENR-3': {
    holds: 'A device proves its private key at each connection and never shows it; keys in software need the consent of the tenant.',
  },
  'ENR-4': { holds: 'A new device is a room in onboarding: seen, and without alerts, incidents and reports.' },
  'ENR-5': { holds: 'Enrolling starts incidents; unenrolling closes them and cuts the device off once it has left; history stays.' },
  'ENR-6': { holds: 'The agent brings itself to a new version, and back from one that is not healthy.', planned: true },
  'ENR-7': { holds: "The agent's logs can be asked for, and come with an incident.", planned: true },
  'ENR-8': { holds: 'A thousand devices that enrol at once all arrive, each once.' },
  'ROM-1': { holds: 'A room has a lifecycle and a health, which follows from its open incidents and its contact.' },
  'ROM-2': { holds: 'Rooms are listed with totals, search, filters and bulk actions; a page of each says how it is.' },
  'ROM-3': { holds: 'A signal, a room or a group can be suppressed, with a reason and an end.' },
  'ROM-4': { holds: 'A signal can be switched off for a tenant by kind of device; what is open of it closes.' },
  'ROM-5': { holds: 'Rooms stand in groups and places, and have licences; without Pro one cannot be enrolled.' },
  'INC-1': { holds: 'An incident is investigated, needs action, is resolved; a warning that nobody attends to becomes important.' },
  'INC-2': { holds: 'A signal of a room has one incident number for life, and its history with it.' },
  'INC-3': { holds: 'Nothing opens or resolves before its hold time; flapping is named.' },
  'INC-4': { holds: 'People report what no signal sees; only that is closed by hand.' },
  'INC-5': { holds: 'Incidents are acknowledged, given to somebody and commented, without a network too.' },
  'INC-6': { holds: 'Whoever has to know is told, where they are, once; and can ask why.' },
  'INC-7': { holds: 'Why a room is as it is, and how it was, can be asked.', planned: true },
  'INC-8': { holds: 'Rooms say when they are needed next.', planned: true },
  'REM-1': { holds: 'Remote access is off until a manager switches it on, with an address to ask, and the audit says who did.' },
  'REM-2': { holds: 'No built-in role has it; watching is one permission, driving another.' },
  'REM-3': { holds: 'A session begins where all that it needs is there; a refusal says what is not.' },
  'REM-4': { holds: 'Whoever may only watch can give no input on any path.' },
  'REM-5': { holds: 'People in the room see that somebody is there.' },
  'REM-6': { holds: 'A session has the commands of its device: restart, keys, displays, an end.' },
  'REM-7': { holds: 'Both sides dial out with tickets that work once and soon end; the relay forwards bytes and knows nothing.' },
  'REM-8': { holds: 'Who was where, from when to when, and how it ended, is kept and exported.' },
  'REM-9': { holds: 'A real VNC server can be the screen, a real shell the terminal.' },
  'PAR-1': { holds: 'A customer invites by domain, for some days, over some rooms, and says what it wants to approve.' },
  'PAR-2': { holds: 'The first of a partner to accept makes the link; a denied or expired invitation is none.' },
  'PAR-3': { holds: 'A partner always has somebody who answers for its side.' },
  'PAR-4': { holds: 'A partner sees and touches what was handed to it, and learns nothing of the rest, not even how much there is.' },
  'PAR-5': { holds: 'What has to be approved waits, and nothing of it happens before.' },
  'PAR-6': { holds: 'Either side ends a link, and access ends with it, on every screen and in every copy.' },
  'PAR-7': { holds: "The customer's data stays with the customer, who sees all that a partner did, and may ask for more than a password." },
  'PAR-8': { holds: 'A partner works on all customers together, or on one; no customer sees another.' },
  'UPD-1': { holds: 'Updates go through rings, in the hours of the room, never during a call.', planned: true },
  'UPD-2': { holds: 'How far an update is can be seen.', planned: true },
  'UPD-3': { holds: 'A bad update stops by itself and goes back.', planned: true },
  'REP-1': { holds: 'A day of a room is unhealthy by one rule, and every figure rests on days.', planned: true },
  'REP-2': { holds: 'Figures open the incidents behind them.', planned: true },
  'REP-3': { holds: 'Use of rooms, where calendars are connected.', planned: true },
  'REP-4': { holds: 'Reports come by themselves, and the same one is the same.', planned: true },
  'AUD-1': { holds: 'Each act of a person, a partner or the system leaves one record, refusals too; a log that was changed shows it.' },
  'CON-1': { holds: 'One core in two hosts; screens are sandboxed and have one typed bridge.' },
  'CON-2': { holds: 'The console starts from its copy, says how old things are, and reads and searches all of it offline.' },
  'CON-3': { holds: 'What is done offline is kept, sent once, applied once, and never lost; a refusal says why.' },
  'CON-4': { holds: 'Everything can be done by keyboard, read by screen readers, in English and French, light and dark.' },
  'CON-5': { holds: 'The console is packaged for three systems, and opens links.' },
  'SET-1': { holds: 'Devices are given settings and commands.', planned: true },
  'API-1': { holds: 'What a screen shows can be had by the documented interface.' },
  'rule 1': { holds: 'Rules are pure and take the time as an argument; shells around them are thin.' },
  'rule 2': { holds: 'One function changes the data of a tenant: actor, changes and audit together.' },
  'rule 3': { holds: 'Every query is of one tenant and, for a person, of what they may see.' },
  'rule 4': { holds: 'One bridge, with schemas, is all that screens know of the core.' },
  'rule 5': { holds: 'Two hosts, one console: hosts are a window or a socket, and little else.' },
  'rule 6': { holds: 'Store and bus are chosen by configuration.', planned: true },
  'rule 7': { holds: 'The relay has no data and no secrets of either side.' },
  'rule 8': { holds: 'Every boundary validates, says what is wrong and where, and ends no process.' },
  'rule 9': { holds: 'Work is bounded, and says what happens at the bound; it costs the same however much there is besides.' },
  'rule 10': { holds: 'Nothing that was acknowledged is lost, whenever a process is killed.' },
  'rule 11': { holds: 'Time, chance, ids and turns are handed in; the clock of the service says when.' },
  'rule 12': { holds: 'What is kept has an end; what is synced does not grow with age.' },
  'rule 13': { holds: 'Limits are per device, person, tenant and address; who uses theirs up slows down alone.' },
  'rule 14': { holds: 'Power over a tenant is power over all of its rooms.' },
  'rule 15': { holds: 'What matters is in the store with its due date, and not in the memory of a process.' },
}

export function rulesPage(): string {
  const parts = Object.entries(areas).map(([area, title]) => {
    const own = Object.entries(rules).filter(([id]) => id.replace(/[ -]\d+$/, '') === area)
    return `## ${title}\n\n${table(
      ['id', 'what holds'],
      own.map(([id, { holds, planned }]) => [id, planned ? `${holds} *Not built yet.*` : holds]),
    )}\n`
  })
  return `# What must hold
${made}

Titles of tests begin with what they prove: \`[CON-3] …\`. Who wants to see a rule proved searches for its id; who changes one starts at
its tests. A rule that is built has at least one, and no title names a rule that is not here.

${parts.join('\n')}`
}
