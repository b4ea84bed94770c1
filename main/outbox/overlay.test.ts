import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QueuedCommand } from '../../contract/commands.ts'
import { Entry, Incident, Room } from '../../contract/entities.ts'
import { CommandKey, PersonId, SuppressionId } from '../../contract/ids.ts'
import { idOf, makeIncident, makeRoom, personId } from '../testing/documents.ts'
import { marksOf, newIncident, overlayIncident, overlayRoom, overlaySettings, pendingEntries, subjectsOf, type Unsent } from './overlay.ts'

const people = { me: { id: PersonId.parse(personId), name: 'Amélie' }, nameOf: (person: string) => `name of ${person}` }
const incident = makeIncident(1, 1)
const room = makeRoom(1, { lifecycle: 'onboarding' })

const incidentCommand = fc.oneof(
  fc.record({ type: fc.constant('incident.acknowledge'), incident: fc.constant(incident.id), note: fc.constantFrom(undefined, 'on it') }),
  fc.record({ type: fc.constant('incident.unacknowledge'), incident: fc.constant(incident.id) }),
  fc.record({
    type: fc.constant('incident.assign'),
    incident: fc.constant(incident.id),
    owner: fc.constantFrom(null, personId, idOf('person', 2)),
  }),
  fc.record({ type: fc.constant('incident.comment'), incident: fc.constant(incident.id), text: fc.constantFrom('one', 'two') }),
)
const roomCommand = fc.record({ type: fc.constantFrom('rooms.enrol', 'rooms.unenrol'), rooms: fc.constant([room.id]) })

const unsentOf = (commands: readonly unknown[]): Unsent[] =>
  commands.map((command, n) => ({
    key: CommandKey.parse(idOf('key', n)),
    issuedAt: 1_900_000_000_000 + n,
    command: QueuedCommand.parse(command),
  }))

describe('[CON-3] what is laid over', () => {
  it('is a whole document, changes nothing that no command is about, and nothing more the second time', () => {
    fc.assert(
      fc.property(fc.array(incidentCommand, { maxLength: 8 }), (commands) => {
        const unsent = unsentOf(commands)
        const shown = overlayIncident(incident, unsent, people)
        expect(() => Incident.strict().parse(shown)).not.toThrow()
        const { acknowledged: _a, owner: _o, lastComment: _c, ...rest } = shown
        expect(rest).toEqual(incident)
        expect(overlayIncident(shown, unsent, people)).toEqual(shown)
        for (const entry of pendingEntries(incident, unsent, people)) expect(() => Entry.strict().parse(entry)).not.toThrow()
      }),
    )
  })

  it('shows the last word of each sort', () => {
    fc.assert(
      fc.property(fc.array(incidentCommand, { minLength: 1, maxLength: 8 }), (commands) => {
        const unsent = unsentOf(commands)
        const shown = overlayIncident(incident, unsent, people)
        const last = (...types: string[]) => unsent.filter(({ command }) => types.includes(command.type)).at(-1)
        const mark = last('incident.acknowledge', 'incident.unacknowledge')
        expect(shown.acknowledged?.at).toBe(mark?.command.type === 'incident.acknowledge' ? mark.issuedAt : undefined)
        const assign = last('incident.assign')?.command
        expect(shown.owner?.id ?? null).toBe(assign?.type === 'incident.assign' ? assign.owner : null)
        const comment = last('incident.comment')?.command
        expect(shown.lastComment?.text).toBe(comment?.type === 'incident.comment' ? comment.text : undefined)
        expect(pendingEntries(incident, unsent, people).length).toBe(
          unsent.filter(({ command }) => command.type === 'incident.comment').length,
        )
      }),
    )
  })

  it('takes rooms through their lifecycle and nowhere else', () => {
    fc.assert(
      fc.property(
        fc.array(roomCommand, { maxLength: 6 }),
        fc.constantFrom('onboarding', 'enrolled', 'unenrolled'),
        (commands, lifecycle) => {
          const before = makeRoom(1, { lifecycle })
          const unsent = unsentOf(commands)
          const shown = overlayRoom(before, unsent, people)
          expect(() => Room.strict().parse(shown)).not.toThrow()
          expect({ ...shown, lifecycle }).toEqual(before)
          expect(overlayRoom(shown, unsent, people)).toEqual(shown)
          // Nobody comes back from being unenrolled but by a new installation.
          if (lifecycle === 'unenrolled' || commands.some(({ type }) => type === 'rooms.unenrol'))
            expect(shown.lifecycle).toBe('unenrolled')
          else if (commands.length > 0) expect(shown.lifecycle).toBe('enrolled')
        },
      ),
    )
  })

  it('marks what waits for approval, and does not show it as done', () => {
    fc.assert(
      fc.property(fc.array(incidentCommand, { minLength: 1, maxLength: 8 }), fc.array(incidentCommand, { maxLength: 3 }), (asked, own) => {
        const waiting = unsentOf(asked).map((row): Unsent => ({ ...row, state: 'requested' }))
        const unsent = unsentOf(own)
        const both = [...waiting, ...unsent]
        expect(overlayIncident(incident, both, people)).toEqual(overlayIncident(incident, unsent, people))
        expect(pendingEntries(incident, both, people)).toEqual(pendingEntries(incident, unsent, people))
        expect(marksOf(both)).toEqual({ pending: marksOf(unsent).pending, asked: [...new Set(asked.map(({ type }) => type))] })
      }),
    )
    const ring = unsentOf([{ type: 'rooms.ring', rooms: [room.id], ring: 'Staging' }])
    expect(overlayRoom(room, ring, people).ring).toBe('Staging')
    expect(
      overlayRoom(
        room,
        ring.map((row): Unsent => ({ ...row, state: 'requested' })),
        people,
      ),
    ).toEqual(room)
  })

  it('changes only the named settings', () => {
    const settings = {
      id: incident.id as never,
      openHoldMs: 1,
      resolveHoldMs: 2,
      warningAgesMs: 3,
      flapCount: 4,
      flapWindowMs: 5,
      allowSoftwareKeys: false,
    }
    const unsent = unsentOf([
      { type: 'settings.change', changes: { openHoldMs: 9 } },
      { type: 'settings.change', changes: { flapCount: 7 } },
    ])
    expect(overlaySettings(settings, unsent)).toEqual({ ...settings, openHoldMs: 9, flapCount: 7 })
    const contact = (remoteContact: string) => unsentOf([{ type: 'settings.change', changes: { remoteContact } }])
    expect(overlaySettings(settings, contact('audit@contoso.example')).remoteContact).toBe('audit@contoso.example')
    expect(overlaySettings({ ...settings, remoteContact: 'audit@contoso.example' }, contact(''))).toEqual(settings)
  })

  it('[CON-3] says where a room is and what it is called, as far as that was said', () => {
    const place = { floor: '9' }
    const shown = overlayRoom(
      room,
      unsentOf([
        { type: 'rooms.rename', rooms: [room.id], name: 'Otherwise' },
        { type: 'rooms.move', rooms: [room.id], place },
      ]),
      people,
    )
    expect(shown).toEqual({ ...room, name: 'Otherwise', place: { ...room.place, floor: '9' } })
  })

  it('[ROM-3] shows what is suppressed from now on, and what is not any more', () => {
    const save: QueuedCommand = {
      type: 'suppression.save',
      suppression: SuppressionId.parse('01900000-0000-7000-8000-00000000abcd'),
      rooms: [room.id],
      groups: [],
      place: null,
      signals: null,
      reason: 'Painters',
      owner: null,
      from: null,
      until: 9_000,
      recurrence: null,
    }
    const unsent = unsentOf([save])
    const shown = overlayRoom(room, unsent, people)
    expect(shown).toMatchObject({ health: 'suppressed', suppressions: [{ reason: 'Painters', owner: people.me, until: 9_000 }] })
    expect(overlayRoom(shown, unsent, people)).toEqual(shown)
    const ended = unsentOf([save, { type: 'suppression.end', suppression: save.suppression, within: [room.id] }])
    expect(overlayRoom(room, ended, people)).toEqual(room)
    const signal = overlayRoom(room, unsentOf([{ ...save, signals: ['peripherals.camera'] }]), people)
    expect([signal.health, signal.suppressions?.[0]?.signals]).toEqual([room.health, ['peripherals.camera']])
    const later = unsentOf([{ ...save, from: 9_000_000_000_000, until: null }])
    expect(overlayRoom(room, later, people)).toEqual(room)
  })

  it('[INC-4] shows what was reported by hand and is not sent, its room unhealthy, and its end', () => {
    const enrolled = makeRoom(1, { lifecycle: 'enrolled', health: 'healthy' })
    const command = {
      type: 'issue.report',
      report: idOf('report', 1),
      rooms: [idOf('room', 2), room.id],
      incidents: [idOf('incident', 8), idOf('incident', 9)],
      text: 'The table is wet',
      high: true,
    }
    const unsent = unsentOf([command])
    const shown = newIncident(idOf('incident', 9), unsent, people)
    if (shown === undefined) throw new Error('There is no incident.')
    expect(() => Incident.strict().parse({ ...shown, number: 7 })).not.toThrow()
    expect(shown).toMatchObject({
      number: 0,
      room: room.id,
      severity: 'critical',
      status: 'needAction',
      report: { by: people.me, rooms: 2 },
    })
    expect(newIncident(idOf('incident', 7), unsent, people)).toBeUndefined()
    expect(pendingEntries(shown, unsent, people)).toMatchObject([{ kind: 'opened', text: 'The table is wet' }])
    const unhealthy = overlayRoom(enrolled, unsent, people)
    expect(unhealthy).toMatchObject({ health: 'unhealthy', incidents: { critical: 1, reported: 1 } })
    expect(overlayRoom(unhealthy, unsent, people)).toEqual(unhealthy)
    const closed = unsentOf([command, { type: 'issue.close', incident: shown.id, reason: 'Wiped' }])
    expect(overlayIncident(shown, closed, people)).toMatchObject({ status: 'resolved', value: 'healthy' })
    expect(pendingEntries(shown, closed, people).map(({ kind, text }) => [kind, text])).toEqual([
      ['closed', 'Wiped'],
      ['opened', 'The table is wet'],
    ])
    const asked = unsent.map((row): Unsent => ({ ...row, state: 'requested' }))
    expect(newIncident(shown.id, asked, people)).toBeUndefined()
  })

  it('gives rooms the licence that was said last, once it is no request that waits', () => {
    const unsent = unsentOf([
      { type: 'rooms.licence', rooms: [room.id], licence: 'pro' },
      { type: 'rooms.licence', rooms: [room.id], licence: 'basic' },
    ])
    expect(overlayRoom(room, unsent, people)).toEqual({ ...room, licence: 'basic' })
    expect(
      overlayRoom(
        room,
        unsent.map((row): Unsent => ({ ...row, state: 'requested' })),
        people,
      ),
    ).toEqual(room)
    expect(subjectsOf(QueuedCommand.parse({ type: 'rooms.licence', rooms: [room.id], licence: 'basic' }))).toEqual([`room:${room.id}`])
  })

  it('says what it is about', () => {
    expect(subjectsOf(QueuedCommand.parse({ type: 'rooms.enrol', rooms: [room.id, idOf('room', 2)] }))).toEqual([
      `room:${room.id}`,
      `room:${idOf('room', 2)}`,
    ])
    expect(
      marksOf(
        unsentOf([
          { type: 'incident.comment', incident: incident.id, text: 'a' },
          { type: 'incident.comment', incident: incident.id, text: 'b' },
        ]),
      ),
    ).toEqual({ pending: ['incident.comment'], asked: [] })
  })
})
