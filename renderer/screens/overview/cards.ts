import type { Component } from 'vue'
import HappenedCard from './HappenedCard.vue'
import PlacesCard from './PlacesCard.vue'
import UnattendedCard from './UnattendedCard.vue'

/**
 * What the overview shows below its figures, in its order. Each is given the overview as `overview`; one that shows something else reads
 * that itself. `wide`: more than half of the width.
 */
export const cards: readonly { readonly name: string; readonly wide: boolean; readonly card: Component }[] = [
  { name: 'happened', wide: true, card: HappenedCard },
  { name: 'places', wide: false, card: PlacesCard },
  { name: 'unattended', wide: true, card: UnattendedCard },
]
