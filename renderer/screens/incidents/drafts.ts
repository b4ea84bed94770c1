import { shallowReactive } from 'vue'

/** Comments that were begun and not sent, by incident, for as long as the page lives. */
export const drafts = shallowReactive(new Map<string, string>())
