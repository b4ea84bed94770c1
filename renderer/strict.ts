import { z } from 'zod'

// Imported before every schema: without this zod probes `new Function`, which the content security policy reports.
z.config({ jitless: true })
