import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { defaultSettings } from '../../../contract/entities.ts'
import type { TenantId } from '../../../contract/ids.ts'
import type { Member } from '../../../contract/policy.ts'
import { systemAt, realSystem } from '../../../contract/testing/system.ts'
import { makeTenant } from '../../access/setup.ts'
import { Directory, embeddedIssuerName } from '../../directory/accounts.ts'
import { type Bus, inProcessBus } from '../../ground/bus.ts'
import { Store } from '../../ground/store/store.ts'
import { schema } from '../../schema.ts'

/** For tests: a store with the organisations Contoso and Fabrikam in the embedded directory, each a tenant. */

export interface Organisations {
  readonly folder: string
  readonly store: Store
  readonly bus: Bus
  readonly accounts: Directory
  readonly contoso: TenantId
  readonly fabrikam: TenantId
  close(): Promise<void>
}

export const ada = { id: '0000-ada', name: 'Ada Lovelace', email: 'ada@contoso.example' }
export const bela = { id: '0000-bela', name: 'Béla Szabó', email: 'bela@contoso.example' }
export const cyd = { id: '0000-cyd', name: 'Cyd Nolan', email: 'cyd@contoso.example' }
export const finn = { id: '0000-finn', name: 'Finn Fabri', email: 'finn@fabrikam.example' }

const person = (id: string): Member => ({ kind: 'person', id })
const group = (id: string): Member => ({ kind: 'group', id })

export async function makeOrganisations(now: () => number = Date.now): Promise<Organisations> {
  const folder = mkdtempSync(join(tmpdir(), 'roomkeeper-directory-'))
  const bus = inProcessBus((error) => {
    throw error
  })
  const store = await Store.open({ schema, path: join(folder, 'service.db'), bus, ...systemAt(now) })
  const accounts = new Directory(store, realSystem.random)
  const account = (directory: string) => (one: { id: string; name: string; email: string }) => ({
    ...one,
    directory,
    kind: 'person' as const,
    globalAdministrator: false,
  })
  await accounts.replaceAll({
    tenants: [
      { id: 'contoso', name: 'Contoso', domains: ['Contoso.example'] },
      { id: 'fabrikam', name: 'Fabrikam', domains: ['fabrikam.example', 'fabrikam.test'] },
    ],
    accounts: [
      ...[ada, bela, cyd].map(account('contoso')),
      account('fabrikam')(finn),
      { id: v7(), directory: 'contoso', kind: 'room', email: 'room@contoso.example', name: 'Boardroom', globalAdministrator: false },
    ],
    groups: [
      { id: 'all', directory: 'contoso', name: 'All operations', members: [group('ops'), person(cyd.id)] },
      { id: 'ops', directory: 'contoso', name: 'Operations', members: [person(ada.id), person(bela.id)] },
      // Two groups in each other, as may be in a directory that came from elsewhere.
      { id: 'ring1', directory: 'contoso', name: 'Ring 1', members: [group('ring2'), person(ada.id)] },
      { id: 'ring2', directory: 'contoso', name: 'Ring 2', members: [group('ring1'), person(bela.id), person('gone')] },
      { id: 'field', directory: 'fabrikam', name: 'Field engineers', members: [person(finn.id)] },
    ],
  })
  const settings = { ...defaultSettings }
  const contoso = await makeTenant(store, {
    name: 'Contoso',
    issuer: embeddedIssuerName,
    directory: 'contoso',
    settings,
    proManager: cyd.id,
  })
  const fabrikam = await makeTenant(store, {
    name: 'Fabrikam',
    issuer: embeddedIssuerName,
    directory: 'fabrikam',
    settings,
    proManager: finn.id,
  })
  return {
    folder,
    store,
    bus,
    accounts,
    contoso,
    fabrikam,
    async close() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
