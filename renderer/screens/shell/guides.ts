import type { Guide } from '../../stores/shell.ts'

/** A step of a guide: its words are messages, what is typed on the device is here. */
export interface GuideStep {
  readonly text: string
  readonly copy?: string
}

const installer = 'ManagedRoomsInstaller.msi'

/** The steps of a guide, with the deployment's own address filled in. */
export function stepsOf(guide: Guide, service: string): GuideStep[] {
  const step = (number: number, copy?: string): GuideStep => ({
    text: `guide.${guide}.step${number}`,
    ...(copy === undefined ? {} : { copy }),
  })
  switch (guide) {
    case 'enrol':
      return [step(1), step(2), step(3, service), step(4), step(5)]
    case 'proxy':
      return [
        step(1),
        step(2, 'bitsadmin /Util /SetIEProxy LOCALSYSTEM MANUAL_PROXY host:port ""'),
        step(3, 'bitsadmin /Util /SetIEProxy LOCALSYSTEM AUTOSCRIPT http://host/proxy.pac'),
        step(4, service),
      ]
    case 'byHand':
      return [step(1), step(2), step(3), step(4), step(5, installer), step(6), step(7), step(8)]
    case 'inBulk':
      return [step(1), step(2), step(3, installer), step(4), step(5), step(6)]
    case 'offboard':
      return [
        step(1),
        step(2, 'Set-ExecutionPolicy -ExecutionPolicy RemoteSigned'),
        step(3),
        step(4),
        step(5),
      ]
  }
}
