import { createPublicKey, verify } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram, type RunProgram } from '../devices/run-program.ts'
import { ExplainedError } from '../explained.ts'
import { makePrivateFolder, sizeIfThere, writePrivateFile } from './files.ts'
import { KeyStoreError, newKeyRemedy, publicKeyOf, type DeviceKey, type KeyStore } from './identity.ts'
import { tpmTrouble } from './tpm-trouble.ts'

/** The resource manager of the kernel, which lets several programs use the TPM side by side. */
const device = '/dev/tpmrm0'

export interface TpmOptions {
  /** How tpm2-tools reach the TPM (TCTI); by default the kernel's resource manager. */
  tcti?: string
  run?: RunProgram
}

/** Whether this machine has a TPM that this store can use. */
export const hasTpm = (): boolean => existsSync(device)

const filesIn = (folder: string) => ({ open: join(folder, 'key.tpm.pub'), wrapped: join(folder, 'key.tpm.priv') })

/**
 * A key inside a TPM 2.0, by way of the programs of tpm2-tools (4 or newer). The key is made in the TPM, fixed to it,
 * and may only sign; what lies in the folder is its wrapped form, which no other TPM can open. Its parent, the primary
 * key of the owner hierarchy, is derived anew each time from the TPM's own seed, so nothing stays in the TPM's memory.
 *
 * Run against a software TPM (swtpm) and against a stand-in for the programs; not yet against a TPM in hardware.
 */
export class TpmKeyStore implements KeyStore {
  readonly protection = 'tpm'

  /** Whether this folder has a wrapped key, of whichever TPM, or what is left of one. */
  static isIn(folder: string): boolean {
    return Object.values(filesIn(folder)).some((file) => sizeIfThere(file) !== undefined)
  }
  readonly #folder: string
  readonly #public: string
  readonly #wrapped: string
  readonly #run: RunProgram
  readonly #environment: Record<string, string>
  readonly #managed: boolean
  readonly #way: string

  constructor(folder: string, options: TpmOptions = {}) {
    this.#folder = folder
    const { open, wrapped } = filesIn(folder)
    this.#public = open
    this.#wrapped = wrapped
    this.#run = options.run ?? runProgram
    this.#managed = options.tcti === undefined
    this.#way = options.tcti ?? device
    this.#environment = { TPM2TOOLS_TCTI: options.tcti ?? `device:${device}` }
  }

  async open(): Promise<DeviceKey | undefined> {
    if (!TpmKeyStore.isIn(this.#folder)) return undefined
    for (const file of [this.#public, this.#wrapped]) {
      const size = sizeIfThere(file)
      if (size) continue
      throw new KeyStoreError(`The key of this device is ${size === 0 ? 'empty' : 'gone'}: ${file}.`, { remedy: newKeyRemedy })
    }
    return this.#inTpm(this.#unusable, async (tool, scratch) => {
      await this.#load(tool, this.#public, this.#wrapped)
      await tool('tpm2_readpublic', '-c', 'key.ctx', '-f', 'pem', '-o', 'key.pem')
      const key = createPublicKey(readFileSync(join(scratch, 'key.pem')))
      return { protection: this.protection, publicKey: publicKeyOf(key), sign: (text) => this.#sign(text) }
    })
  }

  async create(): Promise<DeviceKey> {
    makePrivateFolder(this.#folder)
    await this.#inTpm('No key can be made in the TPM', async (tool, scratch) => {
      await tool('tpm2_createprimary', '-Q', '-C', 'o', '-g', 'sha256', '-G', 'ecc256', '-c', 'primary.ctx')
      const attributes = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'
      await tool(
        'tpm2_create',
        '-Q',
        '-C',
        'primary.ctx',
        '-g',
        'sha256',
        '-G',
        'ecc256:ecdsa-sha256:null',
        '-a',
        attributes,
        '-u',
        'key.pub',
        '-r',
        'key.priv',
      )
      writePrivateFile(this.#wrapped, readFileSync(join(scratch, 'key.priv')))
      writePrivateFile(this.#public, readFileSync(join(scratch, 'key.pub')))
    })
    const key = await this.open()
    if (!key) throw new KeyStoreError('The TPM made a key and does not have it.')
    return key
  }

  remove(): Promise<void> {
    rmSync(this.#public, { force: true })
    rmSync(this.#wrapped, { force: true })
    return Promise.resolve()
  }

  #sign(text: string): Promise<string> {
    return this.#inTpm(this.#unusable, async (tool, scratch) => {
      writeFileSync(join(scratch, 'message'), text, { mode: 0o600 })
      await this.#load(tool, this.#public, this.#wrapped)
      await tool('tpm2_readpublic', '-c', 'key.ctx', '-f', 'pem', '-o', 'key.pem')
      await tool('tpm2_sign', '-Q', '-c', 'key.ctx', '-g', 'sha256', '-s', 'ecdsa', '-f', 'plain', '-o', 'signature', 'message')
      const signature = plainSignature(readFileSync(join(scratch, 'signature')))
      const key = createPublicKey(readFileSync(join(scratch, 'key.pem')))
      const right = verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, signature)
      if (!right) throw new KeyStoreError('The TPM gave a signature that its own key does not fit.')
      return signature.toString('base64url')
    })
  }

  async #load(tool: Tool, publicFile: string, wrappedFile: string): Promise<void> {
    await tool('tpm2_createprimary', '-Q', '-C', 'o', '-g', 'sha256', '-G', 'ecc256', '-c', 'primary.ctx')
    await tool('tpm2_load', '-Q', '-C', 'primary.ctx', '-u', publicFile, '-r', wrappedFile, '-c', 'key.ctx')
  }

  get #unusable(): string {
    return `The key of this device, ${this.#wrapped}, cannot be used`
  }

  /** Gives the programs a folder for their intermediate files, which goes afterwards. `failed`: what to say where they fail. */
  async #inTpm<T>(failed: string, work: (tool: Tool, scratch: string) => Promise<T>): Promise<T> {
    const scratch = mkdtempSync(join(tmpdir(), 'roomkeeper-tpm-'))
    const tool: Tool = async (program, ...args) => {
      const options = { folder: scratch, environment: this.#environment }
      await this.#run(program, args, options)
      // Without the kernel's resource manager, what a program loaded stays in the TPM's few places until it is told.
      if (!this.#managed) await this.#run('tpm2_flushcontext', ['-t'], options)
    }
    try {
      return await work(tool, scratch)
    } catch (error) {
      if (error instanceof ExplainedError) throw error
      const { what, remedy } = tpmTrouble(error, this.#way)
      throw new KeyStoreError(`${failed}: ${what}.`, { remedy, cause: error })
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  }
}

type Tool = (program: string, ...args: string[]) => Promise<void>

/** An ECDSA P-256 signature in ASN.1 (two integers, as short as they can be) as 64 bytes. @throws KeyStoreError */
export function plainSignature(der: Buffer): Buffer {
  const integer = (at: number): { value: Buffer; next: number } => {
    const length = der[at + 1] ?? 0
    const bytes = der.subarray(at + 2, at + 2 + length)
    const value = bytes[0] === 0 ? bytes.subarray(1) : bytes
    if (der[at] !== 2 || bytes.length !== length || value.length > 32) {
      throw new KeyStoreError('The TPM gave something that is not an ECDSA P-256 signature.')
    }
    return { value: Buffer.concat([Buffer.alloc(32 - value.length), value]), next: at + 2 + length }
  }
  if (der[0] !== 0x30) throw new KeyStoreError('The TPM gave something that is not an ECDSA P-256 signature.')
  const r = integer(2)
  return Buffer.concat([r.value, integer(r.next).value])
}
