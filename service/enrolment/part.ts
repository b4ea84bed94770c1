import type { Part } from '../ground/part.ts'
import type { IncidentDeps } from '../incidents/deps.ts'
import { devicesComeAndLeave } from './plugin.ts'
import { enrolmentRoutes } from './routes.ts'

/** Keys and installer, and how devices come and leave. `url`: where devices reach this service. */
export const enrolmentPart = (url: string): Part<IncidentDeps> => ({
  name: 'enrolment',
  plugins: [enrolmentRoutes(url), devicesComeAndLeave],
})
