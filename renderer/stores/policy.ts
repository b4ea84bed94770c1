import {
  computed,
  type ComputedRef,
  type MaybeRefOrGetter,
  onScopeDispose,
  ref,
  type Ref,
  shallowRef,
  type ShallowRef,
  toValue,
  watch,
} from 'vue'
import { useI18n } from 'vue-i18n'
import type { CallInput, CallName, CallOutput } from '../../contract/bridge.ts'
import type { PolicyCommand } from '../../contract/commands.ts'
import type { Kind } from '../../contract/entities.ts'
import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import type { TenantId } from '../../contract/ids.ts'
import type { Effect } from '../../contract/policyApi.ts'
import { codeOf, useBridge } from '../bridge/index.ts'
import { useConsole } from './console.ts'

/** What can be said of something that only the service knows. `ready` also when what is shown could not be read again. */
export type Reading = 'loading' | 'ready' | 'offline' | 'refused' | 'failed'

export interface PolicyReading<Value> {
  readonly value: ShallowRef<Value | null>
  readonly state: ComputedRef<Reading>
  /** Why the last reading did not succeed. */
  readonly problem: Ref<ErrorCode | null>
  readonly reading: Ref<boolean>
  read(): Promise<void>
}

const refusals: readonly ErrorCode[] = ['access.denied', 'access.outOfScope', 'partner.multiFactor', 'session.tenantUnknown']
const unreached: readonly ErrorCode[] = ['network.offline', 'service.unavailable', 'issuer.unavailable', 'store.locked']

/**
 * Reads through the bridge what the service alone knows, and reads it again when the feed says that it changed, when the
 * service is there again, and when another tenant is entered. What was shown stays while it is read again, and stays with
 * its problem when that fails; a refusal takes it away. An `input` of null asks nothing.
 */
export function usePolicy<N extends CallName>(
  name: N,
  input: MaybeRefOrGetter<CallInput<N> | null>,
  kinds: readonly Kind[] = ['policy'],
): PolicyReading<CallOutput<N>> {
  const bridge = useBridge()
  const core = useConsole()
  const value = shallowRef(null) as ShallowRef<CallOutput<N> | null>
  const problem = ref<ErrorCode | null>(null)
  const reading = ref(false)
  let asked = 0

  async function read(): Promise<void> {
    const mine = ++asked
    const wanted = toValue(input)
    if (wanted === null) {
      value.value = null
      problem.value = null
      reading.value = false
      return
    }
    reading.value = true
    try {
      const answer = await bridge.call(name, wanted)
      if (mine !== asked) return
      value.value = answer
      problem.value = null
    } catch (error) {
      if (mine !== asked) return
      problem.value = codeOf(error)
      if (refusals.includes(problem.value)) value.value = null
    } finally {
      if (mine === asked) reading.value = false
    }
  }

  const question = computed(() => JSON.stringify([core.entered, core.me?.id ?? null, toValue(input)]))
  watch(
    question,
    () => {
      value.value = null
      problem.value = null
      void read()
    },
    { immediate: true },
  )
  watch(
    () => core.offline,
    (offline) => !offline && problem.value !== null && void read(),
  )
  onScopeDispose(core.onChanges((changes) => changes.kinds.some((kind) => kinds.includes(kind)) && void read()))
  onScopeDispose(() => asked++)

  const state = computed<Reading>(() => {
    if (value.value !== null) return 'ready'
    if (problem.value === null) return 'loading'
    if (refusals.includes(problem.value)) return 'refused'
    return unreached.includes(problem.value) ? 'offline' : 'failed'
  })
  return { value, state, problem, reading, read }
}

/**
 * A change of who may do what: its effect before it is saved, and the saving. One at a time. It is asked of the tenant
 * that was acted in when this was opened, whichever is entered since, or of `tenant` where that is given.
 */
export function usePolicyChange(tenant?: () => TenantId | null) {
  const bridge = useBridge()
  const core = useConsole()
  let opened = core.acting
  const where = (): TenantId => {
    const named = tenant === undefined ? (opened ??= core.acting) : tenant()
    if (named === null) throw new RoomkeeperError('session.tenantUnknown')
    return named
  }
  const { t, locale } = useI18n({ useScope: 'global' })
  const effect = shallowRef<Effect | null>(null)
  /** What was looked at last. */
  const about = shallowRef<PolicyCommand | null>(null)
  const problem = ref<ErrorCode | null>(null)
  /** What the service says of the problem, where it says more than its code. */
  const detail = ref('')
  const looking = ref(false)
  const saving = ref(false)
  let asked = 0

  function forget(): void {
    asked++
    effect.value = null
    about.value = null
    problem.value = null
    detail.value = ''
    looking.value = false
  }

  function failed(error: unknown): void {
    problem.value = codeOf(error)
    const said = error instanceof RoomkeeperError && error.code === 'policy.fileInvalid' ? error : null
    if (said === null) return void (detail.value = '')
    // What the service says of the place is for administrators of its own language; the place itself is for all.
    const { line } = said.details.params ?? {}
    const place = line === undefined ? '' : t('policyFile.atLine', { line })
    const text = line === undefined ? said.message : locale.value === 'en' ? said.message.replace(/^Line \d+: /u, '') : ''
    detail.value = [place, said.details.field, text].filter(Boolean).join(' · ')
  }

  /** Asks what the command would change; `effect` has it, or `problem` why it cannot be done. */
  async function look(command: PolicyCommand): Promise<void> {
    forget()
    const mine = asked
    about.value = command
    looking.value = true
    try {
      const answer = await bridge.call('policy.preview', { tenant: where(), command })
      if (mine === asked) effect.value = answer
    } catch (error) {
      if (mine === asked) failed(error)
    } finally {
      if (mine === asked) looking.value = false
    }
  }

  const again = (): void => void (about.value && look(about.value))
  // Opened before anything is known of the person: asked as soon as it is known whom.
  watch(
    () => core.acting !== null,
    (known) => known && effect.value === null && again(),
  )
  watch(
    () => core.offline,
    (offline) => !offline && effect.value === null && problem.value !== null && unreached.includes(problem.value) && again(),
  )

  /** Does it. `requested`: it waits for the customer's approval. Null: it was not done, `problem` says why. */
  async function save(command: PolicyCommand): Promise<'applied' | 'requested' | null> {
    if (saving.value) return null
    saving.value = true
    problem.value = null
    try {
      const answer = await bridge.call('policy.apply', { tenant: where(), command })
      if (answer.outcome !== 'refused') return answer.outcome
      problem.value = answer.code
      detail.value = answer.detail ?? ''
      return null
    } catch (error) {
      failed(error)
      return null
    } finally {
      saving.value = false
    }
  }

  return { effect, about, problem, detail, looking, saving, look, again, save, forget }
}

export type PolicyChange = ReturnType<typeof usePolicyChange>
