import type { RemoteSessionView } from '../../contract/views.ts'
import { Emitter } from '../emitter.ts'

/** The remote sessions of this console (REM-3). */
export class RemoteSessions {
  readonly onChange = new Emitter<void>()

  get views(): RemoteSessionView[] {
    return []
  }
}
