import { handle } from '../ground/commands/commands.ts'
import type { GroundDeps } from '../ground/deps.ts'
import type { Part } from '../ground/part.ts'
import { standAlone } from './alone.ts'
import { stormWatch } from './plugin.ts'

/** Rooms that fail together are one to people (INC-3). */
export const stormsPart: Part<GroundDeps> = {
  name: 'storms',
  commands: () => ({ 'incident.standAlone': handle(standAlone) }),
  plugins: [stormWatch],
}
