import { z } from 'zod'

/**
 * Every error that crosses a process boundary: its code, the HTTP status it has there, and one English sentence for
 * logs and scripts. Screens translate the code; audit stores the code. `docs/errors.md` lists the same ones, and a
 * test compares them.
 */
export const errors = {
  // access
  'auth.missing': [401, 'No access token was sent. Send one as "Authorization: Bearer …".'],
  'auth.invalid': [
    401,
    'The access token is not valid here: wrong issuer, audience, signature or form; the field names which, and the service’s log too.',
  ],
  'auth.expired': [401, 'The access token has expired. Sign in again.'],
  'auth.clock': [
    401,
    'The access token begins later, or ended earlier, than the clock of the service says: the clocks are apart. Set them by a time server.',
  ],
  'auth.unknownTenant': [403, 'The directory of this account is not a tenant here.'],
  'auth.removed': [403, 'This account was removed from its directory, or disabled there.'],
  'access.denied': [403, 'Your roles do not allow this.'],
  'access.outOfScope': [404, 'Not found, or not within the rooms you may see.'],
  'rate.limited': [429, 'Too many requests of this person, organisation, key or address. Wait for the time in Retry-After.'],
  // requests
  'request.invalid': [400, 'The request does not fit its schema; the field names what is wrong.'],
  'request.tooLarge': [413, 'The request is larger than this service takes.'],
  'request.notFound': [404, 'There is nothing at this address.'],
  'request.conflict': [409, 'Something else changed first. Read the newest state and try again.'],
  'service.failed': [500, 'The service failed to do this. Nothing was changed; the log has the reason.'],
  'service.unavailable': [503, 'The service is starting or stopping. Try again in a moment.'],
  'store.locked': [
    503,
    'Another program holds the database of the service locked. Nothing was changed; try again after the time in Retry-After.',
  ],
  'issuer.unavailable': [503, "The service cannot have the issuer's keys at the moment. Its log has the reason."],
  'feed.tooMany': [429, 'There are as many connections of this person, or from this address, as are allowed at once.'],
  // commands
  'command.keyReused': [409, 'This idempotency key was used before with another command.'],
  'command.expired': [410, 'The command is older than this service takes. Look at the newest state and do it again.'],
  'command.unanswered': [409, 'It was sent, and no answer came: it may have been done or not. Look at the newest state.'],
  'incident.notFound': [404, 'There is no such incident within the rooms you may see.'],
  'incident.resolved': [409, 'The incident is resolved already; there is nothing to acknowledge.'],
  'incident.ownerUnknown': [409, 'That person is not known in this tenant, or does not see the incidents of the room.'],
  'incident.notByHand': [409, 'A signal opened this incident: it resolves when the signal does, and is not closed by hand.'],
  'incident.roomNotEnrolled': [409, 'The room is not enrolled: no issue can be reported in it.'],
  'incident.tooManyReports': [409, 'Too many issues that people reported are open in the room. Close some first, or comment one of them.'],
  'suppression.notFound': [404, 'There is no such suppression over the rooms you may see.'],
  'suppression.ended': [409, 'The suppression has ended.'],
  'suppression.noRooms': [409, 'The suppression would be over no room. Name rooms, a group or a place that has some.'],
  'suppression.noLength': [400, 'The suppression would end before it begins.'],
  'suppression.past': [409, 'The end of the suppression is in the past.'],
  'suppression.tooMany': [409, 'There are too many suppressions, here or over one of the rooms. End some first.'],
  'suppression.hasEnd': [409, 'The suppression has an end; there is nothing to confirm.'],
  'suppression.ruleInvalid': [400, 'The rule by which the window comes again cannot be read.'],
  'suppression.neverComes': [409, 'By this rule the window never comes.'],
  'suppression.longerThanPeriod': [409, 'The window would last until the next one begins. Make it shorter.'],
  'room.notFound': [404, 'There is no such room within the rooms you may see.'],
  'room.alreadyEnrolled': [409, 'The room is enrolled already.'],
  'room.notEnrolled': [409, 'The room is not enrolled.'],
  'room.unenrolled': [409, 'The room is unenrolled and its device is cut off. Install the agent again to bring it back.'],
  'room.notOnboarding': [409, 'Only the device of a room in onboarding can take the place of another one.'],
  'room.noLicence': [409, 'The room has no Pro licence and cannot be enrolled.'],
  'room.ringUnknown': [409, 'There is no such update ring.'],
  'room.changesGroups': [
    403,
    'By this the room would come into groups by rule, or leave them. That takes rooms.modify and groups.modify over all rooms.',
  ],
  'role.notFound': [404, 'There is no such role.'],
  'role.builtIn': [409, 'Built-in roles cannot be renamed, edited or deleted.'],
  'role.invalid': [400, 'The role does not fit: give it a name of its own and at least one permission.'],
  'group.notFound': [404, 'There is no such room group.'],
  'group.invalid': [400, 'The room group does not fit: give it a name of its own, and rooms or a rule.'],
  'group.inUse': [409, 'Assignments or partner links name this room group. Take it out of their scope first.'],
  'policy.tooMany': [409, 'There are as many of these as a tenant may have.'],
  'policy.escalation': [403, 'This would give more than you hold yourself.'],
  'policy.fileInvalid': [400, 'The file is not a policy of this product; the field names what is wrong.'],
  'directory.unavailable': [503, 'The directory cannot be reached. Try again in a moment.'],
  'directory.notFound': [404, 'The directory has no such person or group.'],
  'partner.domainInvalid': [400, "That is not a domain name. Give the partner's, such as fabrikam.com."],
  'partner.ownDomain': [409, 'That is a domain of your own organisation.'],
  'partner.linked': [409, 'This partner is invited or linked already.'],
  'partner.notFound': [404, 'There is no such partner, invitation or customer.'],
  'partner.expired': [410, 'The invitation has expired. Ask the customer for a new one.'],
  'partner.accepted': [409, 'The invitation was accepted already.'],
  'partner.noRooms': [400, 'Assign at least one room to the partner.'],
  'partner.lastAdmin': [409, 'There is always at least one primary admin.'],
  'partner.multiFactor': [403, 'This customer asks partners to sign in with more than a password.'],
  'request.undecided': [409, 'There is no such request that waits for a decision.'],
  'request.rejected': [409, 'The customer rejected this.'],
  'request.withdrawn': [409, 'The request was withdrawn before anyone decided it.'],
  'request.expired': [410, 'The request has expired. It has to be made again.'],
  'audit.rangeInvalid': [400, 'The end of the range lies before its start.'],
  'assignment.notFound': [404, 'There is no such assignment.'],
  'assignment.builtIn': [409, 'The assignment "Assigned admins" cannot be deleted or given another role.'],
  'assignment.lastProManager': [409, 'This is the last Pro Manager assignment; a tenant keeps at least one.'],
  'assignment.invalid': [400, 'The assignment does not fit its role: name members, and a scope that the role may have.'],
  'notifications.ruleNotFound': [404, 'There is no such rule of notification, or it is not yours.'],
  'notifications.endpointNotFound': [404, 'There is no such endpoint.'],
  'notifications.tooMany': [409, 'There are as many rules, or endpoints, as are allowed.'],
  'notifications.invalid': [400, 'The rule, or the endpoint, does not fit; the field names what is wrong.'],
  'setup.done': [409, 'This service has its first tenant already.'],
  // devices
  'enrol.keyInvalid': [401, 'The self-enrolment key is wrong, or was reset. Download the current one.'],
  'enrol.accountInvalid': [401, 'The signed-in account is not the account of a room of this tenant.'],
  'enrol.softwareKeyRefused': [403, 'This tenant takes only devices that say that their key is in a TPM.'],
  'enrol.proofInvalid': [400, 'The enrolment is not signed by the key that it brings.'],
  'enrol.tooMany': [409, 'There are as many rooms in onboarding as are allowed. Enrol or unenrol some in the console, then try again.'],
  'enrol.otherAccount': [403, 'This installation was enrolled by another account, or with the self-enrolment key. Enrol it with that key.'],
  'enrol.deviceKnown': [409, 'A device of another organisation, or of another installation, has this key. Enrol it with a new key.'],
  'device.unknown': [401, 'This device is not enrolled here, or was revoked.'],
  'device.signature': [401, "The answer to the challenge is not signed by the device's key."],
  'device.version': [426, 'None of the offered protocol versions is spoken here.'],
  'device.twice': [
    409,
    'Another machine with the same key is connected as this device. ' +
      'Take the agent off the copy without a network, and install it there again.',
  ],
  'device.offboarding': [403, 'This device is being off-boarded and may send nothing else.'],
  'message.malformed': [400, 'The message is not JSON of the protocol; the field names what is wrong.'],
  'message.tooLarge': [413, 'The message is larger than the protocol allows.'],
  'message.unexpected': [400, 'The message does not belong here at this moment of the conversation.'],
  'report.invalid': [400, 'The report names a signal or value that does not exist. It was kept aside.'],
  'report.outOfOrder': [409, 'A report is missing before this one. Send again from the number named.'],
  // remote sessions
  'relay.ticketInvalid': [401, 'The ticket is not valid here: wrong relay, signature, session, side, device or form.'],
  'relay.ticketExpired': [401, 'The ticket came too late, or is older than this relay. Ask for a new one.'],
  'relay.ticketUsed': [409, 'The ticket was used before. Ask for a new one.'],
  'relay.sideTaken': [409, 'This side of the session is connected already.'],
  'relay.resumeRefused': [410, 'There is nothing to resume: the session has ended, or the secret is not its newest one.'],
  'relay.full': [503, 'The relay has as many sessions, or as many that wait, as it takes. Try again in a moment.'],
  'remote.switchedOff': [409, 'Remote access is switched off. A Pro Manager can allow it in Settings, General.'],
  'remote.contactMissing': [400, 'Remote access needs a contact e-mail address for the audit.'],
  'remote.noLicence': [409, 'The room has no Pro licence.'],
  'remote.disconnected': [409, 'The agent of this room is not connected.'],
  'remote.unsupported': [409, 'The device of this room does not support this.'],
  'remote.inCall': [409, 'There is a call in this room. Try again when it is over.'],
  'remote.occupied': [409, 'Somebody else has a session with this room.'],
  'remote.noAnswer': [504, 'The device did not answer in time. Try again.'],
  'remote.refused': [409, 'The device refused the session. Its log has the reason.'],
  'remote.tooMany': [429, 'There are as many remote sessions as are allowed at once.'],
  'remote.notFound': [404, 'There is no such remote session, or it is not yours.'],
  'remote.ended': [410, 'The remote session has ended.'],
  'remote.viewOnly': [403, 'This session may only look.'],
  'remote.screenLost': [502, 'The screen of the device cannot be reached any more.'],
  'remote.screenPassword': [502, 'The VNC server of this display does not take the password of the agent, or the agent has none for it.'],
  'remote.screenSecurity': [502, 'The VNC server of this display asks for a kind of security that the agent does not have.'],
  'remote.screenAlone': [
    502,
    'The VNC server of this display shows it to one viewer only, and a recorded session needs two: share it (-shared).',
  ],
  'remote.terminalEnded': [410, 'The program of the terminal has ended.'],
  'recording.notFound': [404, 'There is no such recording, or it was deleted when its time was over.'],
  'recording.invalid': [400, 'The chunk is not a recording of this session; the field names what is wrong.'],
  'recording.busy': [
    429,
    'A chunk of this recording, or as many of others as may wait, are being looked through. Send it again in a moment.',
  ],
  'recording.tooLarge': [413, 'The recording is larger than is kept.'],
  // console
  'bridge.timeout': [504, 'The console did not answer in time.'],
  'bridge.invalid': [400, 'The call does not fit its schema.'],
  'bridge.forbidden': [403, 'This window may not call the console.'],
  'network.offline': [503, 'The service cannot be reached.'],
  'network.noWebSockets': [503, 'The service can be reached, and something on the way to it, such as a proxy, lets no WebSockets through.'],
  'session.none': [401, 'Nobody is signed in.'],
  'session.failed': [401, 'Signing in did not succeed.'],
  'session.unsent': [409, 'There are changes that have not been sent. Send or discard them before signing out.'],
  'session.tenantUnknown': [404, 'You have no access to this customer.'],
  'lease.ended': [
    423,
    'The copy on this machine was locked: it was too long without contact, or the clock was set back. Connect to the service.',
  ],
  'outbox.full': [429, 'Too many changes wait to be sent. Connect to the service first.'],
  'outbox.locked': [503, 'Another program holds the file of pending changes locked. Nothing was changed; close it, and try again.'],
  'outbox.notFound': [404, 'There is no such pending change.'],
  'console.failed': [500, 'The console failed to do this. Its log has the reason.'],
  'disk.failed': [507, 'The data folder could not be written or read. Check free space and rights.'],
  'cache.locked': [409, 'Another console uses this data folder.'],
  'vault.locked': [423, 'The keys of this data folder are protected in a way that is not at hand here.'],
} as const satisfies Record<string, readonly [number, string]>

export type ErrorCode = keyof typeof errors
export const ErrorCode = z.enum(Object.keys(errors) as [ErrorCode, ...ErrorCode[]])

/** RFC 9457 problem details, with our code, parameters and the field that is wrong. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: ErrorCode,
  field: z.string().optional(),
  detail: z.string().optional(),
  params: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
})
export type Problem = z.infer<typeof Problem>

export interface ErrorDetails {
  field?: string
  detail?: string
  params?: Record<string, string | number>
}

/** The details that are there, of a problem or of what was kept of one. */
export const detailsKept = ({ field, detail, params }: Pick<Problem, 'field' | 'detail' | 'params'>): ErrorDetails => ({
  ...(field === undefined ? {} : { field }),
  ...(detail === undefined ? {} : { detail }),
  ...(params === undefined ? {} : { params }),
})

/** An error that has a code and may be shown to the other side of a boundary. */
export class RoomkeeperError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails
  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    super(details.detail ?? errors[code][1], { cause })
    this.name = 'RoomkeeperError'
    this.code = code
    this.details = details
  }
  get status(): number {
    return errors[this.code][0]
  }
  toProblem(): Problem {
    return {
      type: `urn:roomkeeper:error:${this.code}`,
      title: errors[this.code][1],
      status: this.status,
      code: this.code,
      ...this.details,
    }
  }
  static fromProblem(problem: Problem): RoomkeeperError {
    return new RoomkeeperError(problem.code, detailsKept(problem))
  }
}

/** The first thing wrong in a failed parse, as `field` and `detail` of an error. */
export function detailsOf(error: z.ZodError): ErrorDetails {
  const issue = error.issues[0]
  if (!issue) return {}
  const field = issue.path.map(String).join('.')
  return { ...(field ? { field } : {}), detail: issue.message }
}
