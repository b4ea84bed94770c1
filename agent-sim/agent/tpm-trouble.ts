import { ProgramError } from '../devices/run-program.ts'
import { newKeyRemedy } from './identity.ts'

/** Why a TPM does not do what was asked, and what helps, in words for the person at the device. */
interface TpmTrouble {
  readonly what: string
  readonly remedy: string | undefined
}

/** What the programs of tpm2-tools print, in the order in which it is looked for, and what it means. `way`: how the TPM is reached. */
const known: readonly (readonly [RegExp, (way: string) => TpmTrouble])[] = [
  [
    /permission denied/iu,
    (way) => ({
      what: `this account may not use the TPM (${way})`,
      remedy: 'Add the account that the agent runs as to the group of that device (mostly tss), or run the installer again as root.',
    }),
  ],
  [
    /could not load tcti|failed to (?:open|connect)|cannot connect/iu,
    (way) => ({
      what: `no TPM is there now (${way})`,
      remedy:
        'Turn the TPM on in the firmware settings (Trusted Platform Module, Intel PTT, AMD fTPM) and restart. ' +
        'The key that it holds is good again then; if it never comes back: "enrol --new-key --key software".',
    }),
  ],
  [
    /integrity check failed|0x0*1df\b/iu,
    () => ({
      what: 'the TPM does not know this key: it was cleared, replaced, or the disk comes from another machine',
      remedy: newKeyRemedy,
    }),
  ],
  [/deserializing|valid TPM2B|_Load\([^\n]*tpm:parameter/iu, () => ({ what: 'the file of the key is damaged', remedy: newKeyRemedy })],
  [
    /authorization failure|0x0*9a2\b|0x0*98e\b/iu,
    () => ({
      what: 'the owner hierarchy of the TPM has a password',
      remedy: 'Take it off (tpm2_changeauth -c owner -p PASSWORD), or keep the key in a file: "enrol --new-key --key software".',
    }),
  ],
  [
    /lockout|0x0*921\b/iu,
    () => ({
      what: 'the TPM is locked after too many wrong passwords',
      remedy: 'Wait until it unlocks itself (mostly minutes, at most a day), or: tpm2_dictionarylockout --clear-lockout',
    }),
  ],
]

/** Reads what a program of tpm2-tools said; its own lines stay out of it. `way`: how the TPM is reached. */
export function tpmTrouble(error: unknown, way: string): TpmTrouble {
  if (error instanceof ProgramError && error.missing !== undefined) {
    return {
      what: `${error.missing} is not installed`,
      remedy: 'Install tpm2-tools (Debian, Ubuntu: apt install tpm2-tools) and start the agent again.',
    }
  }
  const text = error instanceof Error ? error.message : String(error)
  for (const [pattern, explain] of known) if (pattern.test(text)) return explain(way)
  // The name of an error of the TPM, without the lines of the library around it.
  const said = /tpm:[^\n]*:([^:\n]+)$/mu.exec(text)?.[1] ?? text.split('\n').findLast((line) => line.trim() !== '') ?? ''
  return {
    what: `the TPM answers: ${said
      .replace(/^(?:ERROR|WARNING):\s*/u, '')
      .trim()
      .slice(0, 200)}`,
    remedy: undefined,
  }
}
