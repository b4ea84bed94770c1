import { describe, expect, it } from 'vitest'
import { ErrorCode } from '../../contract/errors.ts'
import { RelayEnd } from '../../contract/relay.ts'
import { SessionEnd } from '../../contract/remote.ts'
import { endOfDevice, endOfRelay, refusalOfDevice, refusalOfEnd } from './ends.ts'

describe('[REM-8] why a session ended', () => {
  it('[REM-8] a device may say what it can know, and never what only the service can', () => {
    const own = SessionEnd.options.filter((end) => endOfDevice(end) !== end)
    expect(own).toEqual(['operatorEnded', 'accessWithdrawn', 'switchedOff', 'unenrolled', 'replaced', 'serviceStopped'])
    for (const said of [...own, '', 'x'.repeat(40), 'constructor']) expect(endOfDevice(said)).toBe('deviceEnded')
  })

  it('the relay: by whom, and what for', () => {
    expect(endOfRelay('ended', 'operator')).toBe('operatorEnded')
    expect(endOfRelay('ended', 'device')).toBe('deviceEnded')
    expect(endOfRelay('peerLost', 'operator')).toBe('operatorLost')
    expect(endOfRelay('peerLost', 'device')).toBe('deviceLost')
    expect(endOfRelay('noPeer', undefined)).toBe('neverJoined')
    expect(endOfRelay('idle', undefined)).toBe('idle')
    for (const reason of RelayEnd.options) expect(SessionEnd.options).toContain(endOfRelay(reason, undefined))
  })

  it('a device may refuse for its own reasons only', () => {
    const passed = ErrorCode.options.filter((code) => refusalOfDevice(code) === code)
    expect(passed).toEqual(['remote.unsupported', 'remote.inCall', 'remote.occupied', 'remote.refused', 'remote.tooMany'])
    expect(refusalOfDevice('access.denied')).toBe('remote.refused')
  })

  it('before it began, is a refusal that says the same', () => {
    expect(
      ['accessWithdrawn', 'switchedOff', 'unenrolled', 'callStarted', 'deviceLost', 'operatorEnded'].map((end) =>
        refusalOfEnd(SessionEnd.parse(end)),
      ),
    ).toEqual([...['access.denied', 'remote.switchedOff', 'room.notEnrolled', 'remote.inCall', 'remote.disconnected', 'remote.ended']])
  })
})
