import { rmSync } from 'node:fs'
import { type Command, type CommandRequest, PolicyCommand } from '../../../contract/commands.ts'
import { PersonId, RequestId } from '../../../contract/ids.ts'
import type { Caller } from '../../ground/caller.ts'
import { checkAnswers } from './answers.ts'
import { incidentOf, keyOf, nth, type Organisation, organisations, people, type Person, rooms } from './cast.ts'
import type { Deed } from './deed.ts'
import { mustApply } from './duties.ts'
import { checkEffect } from './effects.ts'
import { type DirectoryFacts, type Facts, isProManager, type Subject, subjectOf } from './facts.ts'
import { editedFile } from './file.ts'
import { furniture } from './furnished.ts'
import { isHidden, isMadeAnew, withGhost } from './hidden.ts'
import { mixed, withPerson } from './known.ts'
import { type Changing, checkLasting, otherwise, seesIncident } from './lasting.ts'
import { isPermitted, wronglyApplied } from './laws.ts'
import { checkReads } from './reads.ts'
import type { Step } from './steps.ts'
import { checkEveryone } from './sweep.ts'
import { hiddenOrMissing, isOutcome, isUnavailable, nameGivenAway, textOf } from './told.ts'
import { furnishedAt, type Told, World } from './world.ts'

/** A command that was sent, and what a retry must be answered. */
interface Sent {
  readonly who: Person
  readonly at: Organisation
  readonly request: CommandRequest
  readonly multiFactor: boolean
  /** Whom it gives an incident to, by key. */
  readonly owner: string | undefined
  told: Told
}

/** Says what went otherwise than the model has it. */
export class Disagreement extends Error {
  override readonly name = 'Disagreement'
}

const personOf = (key: string): Person => {
  const found = people.find((person) => keyOf(person) === key)
  if (!found) throw new Error(`There is no ${key}.`)
  return found
}

/** Makes the world in which plays begin; returns its folder, which is the caller's to remove. */
export async function furnish(): Promise<string> {
  const bare = await World.prepare()
  const furnished = await playIn(await World.start(bare, furnishedAt), furniture)
  rmSync(bare, { recursive: true, force: true })
  return furnished
}

/** Plays steps against the service and compares with the model after each. @throws Disagreement at the first difference. */
export async function play(furnished: string, steps: readonly Step[]): Promise<void> {
  rmSync(await playIn(await World.start(furnished), steps), { recursive: true, force: true })
}

async function playIn(world: World, steps: readonly Step[]): Promise<string> {
  try {
    const player = new Player(world)
    for (const step of steps) {
      world.tick()
      const wrong = (await player.play(step)) ?? (await player.compare())
      if (wrong !== undefined) throw new Disagreement(`${JSON.stringify(step)}: ${wrong}`)
    }
  } catch (error) {
    rmSync(await world.close(), { recursive: true, force: true })
    throw error
  }
  return world.close()
}

/** Whom nobody is. */
const nobody = PersonId.parse('00000000-0000-7000-8000-000000099998')

const ending = (code: string | undefined): string => (code === undefined ? 'is done' : `fails with ${code}`)

/** An open incident whose owner does not see it. */
function blindOwner(tenants: Facts['tenants'], viewsOf: (person: Pick<Person, 'home'>) => readonly Facts[]): string | undefined {
  for (const at of organisations) {
    for (const [incident, owner] of Object.entries(tenants[at].owners)) {
      const person = people.find((one) => keyOf(one) === owner)
      if (!person || !viewsOf(person).some((facts) => seesIncident(facts, at, incident, owner)))
        return `${owner} has the incident ${incident} of ${at}, and does not see it`
    }
  }
  return undefined
}

class Player {
  readonly #world: World
  readonly #sent: Sent[] = []
  /** What the service last read of each directory. */
  readonly #known: Record<Organisation, DirectoryFacts>

  constructor(world: World) {
    this.#world = world
    this.#known = { contoso: world.directory.facts('contoso'), fabrikam: world.directory.facts('fabrikam') }
  }

  async play(step: Step): Promise<string | undefined> {
    const { directory } = this.#world
    switch (step.do) {
      case 'send':
        return this.#send(personOf(step.who), step.at, step.command, step.copies)
      case 'rooms of the link':
      case 'admins of the link': {
        const command = await this.#assignedAdmins(step)
        return command && this.#send(personOf(step.who), 'contoso', command, 1)
      }
      case 'import': {
        const yaml = await editedFile(this.#world.store.read(this.#world.tenants.contoso, 'wholeTenant'), step.edit)
        return this.#send(personOf(step.who), 'contoso', { type: 'policy.import', yaml }, 1)
      }
      case 'give': {
        const to = people.find((person) => keyOf(person) === step.to)
        const owner = step.to === null ? null : ((to && (await this.#world.idOf(to, step.at))) ?? nobody)
        return this.#send(personOf(step.who), step.at, { type: 'incident.assign', incident: incidentOf({ id: step.room }), owner }, 1)
      }
      case 'look':
        return this.#isSettled() ? checkReads(this.#world, await this.#facts(), step.at, personOf(step.who)) : undefined
      case 'send again':
        return this.#sent.length === 0 ? undefined : this.#again(nth(this.#sent, step.which))
      case 'decide':
      case 'withdraw': {
        const waiting = this.#sent.filter(({ told }) => told.outcome === 'requested')
        if (waiting.length === 0) return undefined
        const { request } = nth(waiting, step.which)
        const id = RequestId.parse(request.key)
        return this.#send(
          personOf(step.who),
          'contoso',
          step.do === 'decide' ? { type: 'request.decide', request: id, approve: step.approve } : { type: 'request.withdraw', request: id },
          1,
        )
      }
      case 'sign in': {
        const person = personOf(step.who)
        if (!directory.facts(person.home).people.includes(person.id) || directory.isDown(person.home)) return undefined
        const before = await this.#facts()
        await this.#world.signIn(person, step.multiFactor)
        this.#known[person.home] = withPerson(this.#known[person.home], directory.facts(person.home), person.id)
        return checkLasting(before, await this.#facts(), this.#known)
      }
      case 'move':
        directory.move(step.home, step.group, step.id, step.into)
        return step.told ? this.#read() : undefined
      case 'remove': {
        const { home, id } = personOf(step.who)
        directory.remove(home, id)
        return step.told ? this.#read() : undefined
      }
      case 'outage':
        directory.setDown(step.home, step.down)
        return undefined
      case 'read directories':
        return this.#read()
      case 'ask':
        return this.#isSettled() ? checkAnswers(this.#world, await this.#facts(), step.at, personOf(step.who), step) : undefined
    }
  }

  /**
   * Everyone, in both tenants: by what the service last read of their directory, or what is true now, of each group and of who is there.
   */
  async compare(): Promise<string | undefined> {
    const tenants = await this.#world.tenantFacts()
    const viewsOf = ({ home }: Pick<Person, 'home'>): Facts[] =>
      mixed(this.#known[home], this.#world.directory.facts(home)).map((directory) => ({
        tenants,
        directories: { ...this.#known, [home]: directory },
      }))
    return (await checkEveryone(this.#world, viewsOf)) ?? blindOwner(tenants, viewsOf) ?? this.#world.consoles.check()
  }

  /** The directories as they decide: as they are, or, of one that is down, as it was last read. */
  async #facts(): Promise<Facts> {
    const { directory } = this.#world
    const now = (home: Organisation): DirectoryFacts => (directory.isDown(home) ? this.#known[home] : directory.facts(home))
    return { tenants: await this.#world.tenantFacts(), directories: { contoso: now('contoso'), fabrikam: now('fabrikam') } }
  }

  /** Nothing has changed in a directory that the service does not know of. */
  #isSettled(): boolean {
    return organisations.every(
      (home) =>
        !this.#world.directory.isDown(home) && JSON.stringify(this.#known[home]) === JSON.stringify(this.#world.directory.facts(home)),
    )
  }

  async #read(): Promise<string | undefined> {
    const before = await this.#facts()
    await this.#world.readDirectories()
    for (const home of organisations) if (!this.#world.directory.isDown(home)) this.#known[home] = this.#world.directory.facts(home)
    return checkLasting(before, await this.#facts(), this.#known)
  }

  async #assignedAdmins(step: Extract<Step, { do: 'rooms of the link' | 'admins of the link' }>): Promise<Command | undefined> {
    const { assignment: rows } = this.#world.store.read(this.#world.tenants.contoso, 'wholeTenant').tables
    const row = await rows().selectAll().where('builtIn', '=', 1).executeTakeFirst()
    if (!row) return undefined
    const { assignments, link } = (await this.#world.tenantFacts()).contoso
    const known = assignments[row.id]
    if (!known || !link) return undefined
    const { id: assignment, role, name } = row
    const rest = { type: 'assignment.save' as const, assignment, role, name, notify: false }
    if (step.do === 'rooms of the link') return { ...rest, description: step.description, members: [...known.members], scope: step.scope }
    return PolicyCommand.parse({ ...rest, description: '', members: step.members, scope: link.scope })
  }

  async #send(who: Person, at: Organisation, command: Command, copies: number): Promise<string | undefined> {
    const world = this.#world
    const caller = await world.caller(who, at, true)
    if (typeof caller === 'string' || (await this.#isUnclear(who, at, command))) return undefined
    const before = await this.#facts()
    const settled = this.#isSettled()
    const policy = PolicyCommand.safeParse(command)
    const previewed = policy.success && !caller.notLetIn ? await world.preview(caller, policy.data) : undefined
    const hidden = await this.#isHiddenAlike(who, caller, at, command, before)
    if (hidden !== undefined) return hidden
    const request = world.request(command)
    const [told, ...more] = await Promise.all(Array.from({ length: copies }, () => world.send(caller, request)))
    if (!told) throw new Error('Nothing was sent.')
    if (told.outcome === 'refused' && told.code === 'service.failed') return `the service failed: ${told.said}`
    const sent: Sent = { who, at, request, multiFactor: world.multiFactorOf(who), owner: await this.#ownerOf(command, at), told }
    const other = more.find((one) => textOf(one) !== textOf(told))
    if (other) return `of two copies, one is told ${textOf(told)} and the other ${textOf(other)}`
    const after = await this.#facts()
    if (isOutcome(told)) this.#sent.push(sent)

    const wrong = await this.#judge(sent, before, after)
    if (wrong !== undefined) return `${textOf(told)}: ${wrong}`
    if (previewed && told.outcome !== 'requested') {
      const refused = 'outcome' in previewed ? previewed : undefined
      const code = told.outcome === 'refused' ? told.code : undefined
      if (refused?.code !== code) return `its preview says ${refused?.code ?? 'that it can be done'}, and then: ${textOf(told)}`
      const [foretold, failed] = ['fails' in previewed ? previewed.fails?.code : undefined, await this.#failureOf(command, told)]
      if (foretold !== failed) return `its preview says that what was asked for ${ending(foretold)}, and it ${ending(failed)}`
      if (!('outcome' in previewed) && told.outcome === 'applied' && settled) {
        const effect = checkEffect({ effect: previewed, at, before, after, caller, command })
        if (effect !== undefined) return effect
      }
    }
    return told.outcome === 'applied' ? this.#read() : undefined
  }

  /** What is out of reach is answered like what does not exist, a name that it has included. */
  async #isHiddenAlike(who: Person, caller: Caller, at: Organisation, command: Command, before: Facts): Promise<string | undefined> {
    const maker = subjectOf(who, before)
    const twin = withGhost(command)
    if (!maker || !twin || caller.notLetIn || !this.#isSettled() || !isHidden(before, at, maker, command)) return undefined
    const [there, missing] = [await this.#previewed(caller, command), await this.#previewed(caller, twin)]
    // What is not there can be made; what is hidden cannot be made again.
    return there === missing || (missing === 'done' && command.type.endsWith('.save'))
      ? undefined
      : `of what is hidden: ${there}; of what is missing: ${missing}`
  }

  async #previewed(caller: Caller, command: Command): Promise<string> {
    const said = await this.#world.preview(caller, PolicyCommand.parse(command))
    return 'outcome' in said ? said.code : 'done'
  }

  /** Whether the requirements leave open what is known of a group while its directory is down. */
  async #isUnclear(who: Person, at: Organisation, command: Command): Promise<boolean> {
    const down = organisations.filter((home) => this.#world.directory.isDown(home))
    if (down.length === 0) return false
    // Its invitations, its requests and whom a file names depend on what cannot be asked.
    if (command.type.startsWith('invitation.') || command.type === 'request.decide' || command.type === 'policy.import') return true
    const members = 'members' in command ? command.members : []
    const { assignments } = (await this.#world.tenantFacts())[at]
    const named = Object.values(assignments).flatMap((one) => ((one.link === null) === (who.home === at) ? one.members : []))
    return members.some(({ kind, id }) => kind === 'group' && !named.some((member) => member.kind === 'group' && member.id === id))
  }

  async #judge(sent: Sent, before: Facts, after: Facts): Promise<string | undefined> {
    const { who, at, told } = sent
    const { command } = sent.request
    // What a directory has not told the service yet, it may know or not.
    const makers = [before.directories, this.#known].flatMap((directories) => subjectOf(who, { directories }) ?? [])
    const owner = await this.#ownerOf(command, at)
    const deeds = makers.map((maker) => this.#deed(maker, at, command, before, owner))
    const changed = otherwise(before, after, this.#known, told.outcome === 'applied' ? this.#touched(command, deeds) : undefined)
    if (changed !== undefined) return changed
    if (told.outcome === 'requested') {
      const { link } = before.tenants.contoso
      return who.home === at || !link?.manual ? 'nobody wants to approve it' : undefined
    }
    if (told.outcome === 'refused') {
      if (isUnavailable(told) && organisations.some((home) => this.#world.directory.isDown(home))) return undefined
      const asked = deeds.length > 0 && deeds.every(mustApply) && !(who.home !== at && before.tenants.contoso.link?.manual)
      if (asked) return 'it is right, and theirs to do'
      return (
        hiddenOrMissing(deeds, told) ??
        nameGivenAway(deeds, told) ??
        (command.type === 'request.decide' && deeds.every((deed) => isPermitted(deed) && isProManager(deed.before, at, deed.maker))
          ? 'it is theirs to decide'
          : undefined)
      )
    }
    if (who.home !== at && before.tenants.contoso.link?.manual && !command.type.startsWith('request.')) return 'it was to wait for approval'
    const reasons = deeds.map((deed) => wronglyApplied(deed, after))
    if (reasons.length > 0 && reasons.every((reason) => reason !== undefined)) return reasons[0]
    this.#ends(command, told)
    return command.type === 'request.decide' ? this.#decided(command.request, before, after) : undefined
  }

  /** Whom a command gives an incident to, by key. */
  async #ownerOf(command: Command, at: Organisation): Promise<string | undefined> {
    if (command.type !== 'incident.assign') return undefined
    for (const person of people) if ((await this.#world.idOf(person, at)) === command.owner) return keyOf(person)
    return undefined
  }

  #deed(maker: Subject, at: Organisation, command: Command, before: Facts, owner?: string): Deed {
    const isOfIncident = command.type === 'incident.comment' || command.type === 'incident.assign'
    const room = isOfIncident ? rooms[at].find((one) => incidentOf(one) === command.incident)?.id : undefined
    const asked =
      command.type === 'request.decide' || command.type === 'request.withdraw'
        ? this.#sent.find(({ request }) => request.key === String(command.request))
        : undefined
    const asker = asked && subjectOf(asked.who, before)
    const request = asked && asker ? this.#deed(asker, at, asked.request.command, before, asked.owner) : undefined
    return {
      at,
      maker,
      command,
      before,
      ...(room === undefined ? {} : { room }),
      ...(owner === undefined ? {} : { owner }),
      ...(request ? { request } : {}),
    }
  }

  /** What a command may change: a decision what was asked for. */
  #touched(command: Command, deeds: readonly Deed[]): readonly Changing[] {
    const asked = deeds.flatMap((deed) => (command.type === 'request.decide' ? (deed.request ?? []) : deed))
    return asked.map((deed) => ({ command: deed.command, isNew: isMadeAnew(deed.before, deed.at, deed.maker, deed.command) }))
  }

  /** What waits under a link ends with it; what is taken back, too. */
  #ends(command: Command, told: Told): void {
    if (told.outcome !== 'applied') return
    const ended = command.type === 'partner.remove' || command.type === 'customer.leave' || command.type === 'invitation.deny'
    for (const one of this.#sent) {
      if (one.told.outcome !== 'requested') continue
      if (ended || (command.type === 'request.withdraw' && one.request.key === String(command.request)))
        one.told = { outcome: 'refused', code: 'request.withdrawn', said: '' }
    }
  }

  /** Approval applies it as the asker's, with today's rights, or says why not (PAR-5). */
  async #decided(id: RequestId, before: Facts, after: Facts): Promise<string | undefined> {
    const asked = this.#sent.find(({ request }) => request.key === String(id))
    const doc = await this.#world.store.read(this.#world.tenants.contoso, 'wholeTenant').get('request', id)
    if (!asked || !doc) return 'nobody asked for it'
    const makers = [before.directories, this.#known].flatMap((directories) => subjectOf(asked.who, { directories }) ?? [])
    const deeds = makers.map((maker) => this.#deed(maker, 'contoso', asked.request.command, before, asked.owner))
    if (doc.status === 'approved') {
      asked.told = { outcome: 'applied', at: this.#world.now }
      if (before.tenants.contoso.link?.multiFactor && !asked.multiFactor)
        return 'the link demands more than a password, and it was asked with one'
      const reasons = deeds.map((deed) => wronglyApplied(deed, after))
      return reasons.every((reason) => reason !== undefined) ? `approved, though: ${reasons[0] ?? 'who asked is gone'}` : undefined
    }
    asked.told = { outcome: 'refused', code: 'request.rejected', said: '' }
    if (doc.status !== 'failed') return otherwise(before, after, this.#known)
    const hindered = before.tenants.contoso.link?.multiFactor && !asked.multiFactor
    return deeds.length > 0 && deeds.every(mustApply) && !hindered
      ? `approved and not done (${doc.code}), though it is right`
      : otherwise(before, after, this.#known)
  }

  /** Why what was asked for could not be done when it was approved. */
  async #failureOf(command: Command, told: Told): Promise<string | undefined> {
    if (command.type !== 'request.decide' || told.outcome !== 'applied') return undefined
    const doc = await this.#world.store.read(this.#world.tenants.contoso, 'wholeTenant').get('request', command.request)
    return doc?.status === 'failed' ? doc.code : undefined
  }

  /** The stored outcome answers every retry alike, also after the right is gone (CON-3). */
  async #again({ who, at, request, told }: Sent): Promise<string | undefined> {
    const caller = await this.#world.caller(who, at, true)
    if (typeof caller === 'string') return undefined
    const before = await this.#facts()
    const again = await this.#world.send(caller, request)
    if (again.outcome === 'refused' && again.code === 'service.failed') return `the service failed: ${again.said}`
    const same =
      told.outcome === 'refused' && told.code.startsWith('request.') ? again.outcome === 'refused' : textOf(again) === textOf(told)
    if (!same) return `${request.command.type} of ${keyOf(who)} was answered ${textOf(told)}, and again: ${textOf(again)}`
    return otherwise(before, await this.#facts(), this.#known)
  }
}
