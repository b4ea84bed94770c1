import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { QueuedCommand } from '../../contract/commands.ts'
import { defaultSettings } from '../../contract/entities.ts'
import { TestCopy } from '../testing/copy.ts'
import { idOf, makeIncident, makeMe, makeRoom, rowOf, tenantId } from '../testing/documents.ts'
import { subjectOf, submitCommand } from './submit.ts'

let copy: TestCopy

beforeEach(() => {
  copy = new TestCopy()
})
afterEach(() => copy.close())

describe('what the operator may do', () => {
  it('is refused at once, with the code of the service', () => {
    const rowsOf = (me: Record<string, unknown> & { id: string }) => [
      rowOf('me', me),
      rowOf('room', makeRoom(1)),
      rowOf('room', makeRoom(2)),
      rowOf('incident', makeIncident(1, 1)),
    ]
    copy.load(rowsOf(makeMe(['rooms.view', 'incidents.view', 'incidents.update', 'rooms.create'], [idOf('room', 2)])))
    const code = (command: unknown) => {
      try {
        submitCommand(copy.shown, QueuedCommand.parse(command))
        return 'taken'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(code({ type: 'incident.acknowledge', incident: idOf('incident', 1) })).toBe('incident.notFound')
    expect(code({ type: 'incident.acknowledge', incident: idOf('incident', 7) })).toBe('incident.notFound')
    expect(code({ type: 'rooms.enrol', rooms: [idOf('room', 2), idOf('room', 1)] })).toBe('room.notFound')
    expect(code({ type: 'rooms.enrol', rooms: [idOf('room', 2)] })).toBe('taken')
    expect(code({ type: 'rooms.unenrol', rooms: [idOf('room', 2)] })).toBe('access.denied')
    expect(code({ type: 'settings.change', changes: { openHoldMs: 0 } })).toBe('access.denied')
    expect(copy.outbox.rows().length).toBe(1)
    expect(subjectOf(copy.shown, copy.outbox.rows()[0]!.command)).toBe('Room 2')
  })

  it('[REM-1] of remote access only a manager of the tenant itself may, and with a contact', () => {
    const permissions = ['settings.view', 'settings.modify']
    let revision = 1
    const code = (changes: Record<string, unknown>, role = 'siteLead') => {
      copy.load([rowOf('me', makeMe(permissions, 'all', role), ++revision), rowOf('settings', { id: tenantId, ...defaultSettings })])
      try {
        submitCommand(copy.shown, QueuedCommand.parse({ type: 'settings.change', changes }))
        return 'taken'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(code({ openHoldMs: 1 })).toBe('taken')
    expect(code({ openHoldMs: 1, recordSessions: false })).toBe('access.denied')
    expect(code({ remoteAccess: true }, 'proManager')).toBe('remote.contactMissing')
    expect(code({ remoteAccess: true, remoteContact: 'audit@contoso.example' }, 'proManager')).toBe('taken')
    // It is on in what is shown, though not sent yet.
    expect(code({ remoteContact: '' }, 'proManager')).toBe('remote.contactMissing')
    expect(code({ remoteContact: '', remoteAccess: false }, 'proManager')).toBe('taken')
  })
})
