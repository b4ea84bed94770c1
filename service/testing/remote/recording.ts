import type { AuditTable } from '../../ground/store/tables.ts'
import type { RecordingChunkTable } from '../../remote/tables.ts'
import { type Answered, chunkOf, type LogService, picture, type Row } from './logService.ts'

/** A session that runs, whose recording a test uploads and reads. */
export class TestRecording {
  readonly #service: LogService
  /** With its device. */
  readonly session: Row
  /** To upload its recording. */
  readonly ticket: string

  private constructor(service: LogService, session: Row, ticket: string) {
    this.#service = service
    this.session = session
    this.ticket = ticket
  }

  static async begin(service: LogService): Promise<TestRecording> {
    const session = await service.session({ device: await service.device() })
    return new TestRecording(service, session, await service.ticket(session))
  }

  put(number: number, body = chunkOf(this.session.id, number, [picture()])): Promise<Answered> {
    return this.#service.put(this.session.id, number, body, this.ticket)
  }

  read(what = '', who?: Parameters<LogService['get']>[1]): Promise<Answered> {
    return this.#service.get(`/v1/recordings/${this.session.id}${what}`, who)
  }

  get #tables() {
    return this.#service.deps.store.read(this.#service.tenants[0], 'wholeTenant').tables
  }

  /** Its chunks in the database. */
  async stored(): Promise<Pick<RecordingChunkTable, 'number' | 'fromMs' | 'toMs' | 'terminal'>[]> {
    return this.#tables
      .recordingChunk()
      .select(['number', 'fromMs', 'toMs', 'terminal'])
      .where('session', '=', this.session.id)
      .orderBy('number')
      .execute()
  }

  /** Its row of the session log. */
  async row(): Promise<Row> {
    return this.#tables.remoteSession().selectAll().where('id', '=', this.session.id).executeTakeFirstOrThrow()
  }

  /** What the audit says of it. */
  async records(action: string): Promise<Pick<AuditTable, 'actor' | 'objectName' | 'operation' | 'detail'>[]> {
    return this.#tables
      .audit()
      .select(['actor', 'objectName', 'operation', 'detail'])
      .where('detail', 'like', `%${this.session.id}%"${action}"%`)
      .execute()
  }
}
