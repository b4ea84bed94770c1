import type { Part } from '../ground/part.ts'
import type { AgentDeps } from './deps.ts'
import { agentSockets } from './plugin.ts'

/** Devices that are connected, and what they report. */
export const agentsPart: Part<AgentDeps> = { name: 'agents', plugins: [agentSockets] }
