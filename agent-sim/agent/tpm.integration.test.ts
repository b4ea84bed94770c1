import { spawn, spawnSync } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '../../contract/testing/wait.ts'
import { runProgram } from '../devices/run-program.ts'
import { TpmKeyStore } from './tpm.ts'

const absent = ['swtpm', 'tpm2_sign'].filter((program) => spawnSync('which', [program]).status !== 0)
/** Why there is no software TPM to test with, if so. */
const withoutTpm =
  process.env['ROOMKEEPER_NO_TPM'] ??
  (absent.length === 0 ? undefined : `needs ${absent.join(' and ')}; npm test installs them where it may`)

it.skipIf(withoutTpm !== undefined)(
  `[ENR-3] a software TPM keeps the key; cleared and gone, it is named${withoutTpm === undefined ? '' : ` (skipped: ${withoutTpm})`}`,
  async () => {
    const state = mkdtempSync(join(tmpdir(), 'swtpm-'))
    const folder = mkdtempSync(join(tmpdir(), 'keys-'))
    // No ports, which another program might take first.
    const socket = join(state, 'tpm')
    const tpm = spawn('swtpm', [
      'socket',
      '--tpm2',
      '--tpmstate',
      `dir=${state}`,
      '--server',
      `type=unixio,path=${socket}`,
      '--ctrl',
      `type=unixio,path=${socket}.ctrl`,
      '--flags',
      'startup-clear',
    ])
    try {
      const tcti = `swtpm:path=${socket}`
      await until('the software TPM', () =>
        runProgram('tpm2_getrandom', ['4'], { environment: { TPM2TOOLS_TCTI: tcti } }).then(
          () => true,
          () => false,
        ),
      )
      const made = await new TpmKeyStore(folder, { tcti }).create()
      const again = await new TpmKeyStore(folder, { tcti }).open()
      expect(again?.publicKey).toEqual(made.publicKey)
      for (const text of ['a challenge', 'another']) {
        const signature = Buffer.from((await again?.sign(text)) ?? '', 'base64url')
        const key = createPublicKey({ key: { ...made.publicKey }, format: 'jwk' })
        expect(verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
      }
      const failed = () => new TpmKeyStore(folder, { tcti }).open().catch((error: unknown) => error)
      await runProgram('tpm2_clear', ['-c', 'p'], { environment: { TPM2TOOLS_TCTI: tcti } })
      expect(await failed()).toMatchObject({
        message: expect.stringContaining('it was cleared'),
        remedy: expect.stringContaining('--new-key'),
      })
      const ended = new Promise((done) => tpm.once('exit', done))
      tpm.kill()
      await ended
      expect(await failed()).toMatchObject({ message: expect.stringContaining('no TPM is there now') })
      await new TpmKeyStore(folder, { tcti }).remove()
      expect(await new TpmKeyStore(folder, { tcti }).open()).toBeUndefined()
    } finally {
      tpm.kill()
      rmSync(state, { recursive: true, force: true })
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
