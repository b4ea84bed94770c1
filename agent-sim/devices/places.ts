import type { Place } from '../../contract/entities.ts'
import { pick, randomInt, type Chance } from '../random.ts'

/** A building of the simulated customer, with the names that its rooms are given. */
export interface Building {
  readonly name: string
  readonly city: string
  readonly country: string
  readonly timeZone: string
  readonly floors: number
  readonly roomNames: readonly string[]
}

const contoso: readonly Building[] = [
  {
    name: 'Lyon – Confluence',
    city: 'Lyon',
    country: 'France',
    timeZone: 'Europe/Paris',
    floors: 6,
    roomNames: [
      'Saône',
      'Rhône',
      'Fourvière',
      'Bellecour',
      'Croix-Rousse',
      'Presqu’île',
      'Ainay',
      'Terreaux',
      'Gerland',
      'Perrache',
      'Tête d’Or',
      'Monplaisir',
      'Vaise',
      'Guillotière',
      'Brotteaux',
      'Lumière',
      'Canut',
      'Guignol',
      'Mont d’Or',
      'Beaujolais',
      'Ampère',
      'Jacquard',
      'Tony Garnier',
      'Île Barbe',
      'Ardèche',
      'Vercors',
      'Chartreuse',
      'Bugey',
      'Dombes',
      'Pilat',
    ],
  },
  {
    name: 'Montréal – Place Ville',
    city: 'Montréal',
    country: 'Canada',
    timeZone: 'America/Toronto',
    floors: 14,
    roomNames: [
      'Mont-Royal',
      'Outremont',
      'Plateau',
      'Griffintown',
      'Lachine',
      'Verdun',
      'Mile End',
      'Rosemont',
      'Hochelaga',
      'Atwater',
      'Jean-Talon',
      'Vieux-Port',
      'Saint-Laurent',
      'Champ-de-Mars',
      'Bonsecours',
      'Cartier',
      'Maisonneuve',
      'Jeanne-Mance',
      'Gaspésie',
      'Charlevoix',
      'Saguenay',
      'Outaouais',
      'Mauricie',
      'Estrie',
      'Tremblant',
      'Laurentides',
      'Harfang',
      'Érable',
    ],
  },
  {
    name: 'London – Bishopsgate',
    city: 'London',
    country: 'United Kingdom',
    timeZone: 'Europe/London',
    floors: 9,
    roomNames: [
      'Spitalfields',
      'Aldgate',
      'Barbican',
      'Clerkenwell',
      'Shoreditch',
      'Hoxton',
      'Moorgate',
      'Cheapside',
      'Borough',
      'Lambeth',
      'Southwark',
      'Bermondsey',
      'Wapping',
      'Limehouse',
      'Greenwich',
      'Highgate',
      'Camden',
      'Marylebone',
      'Mayfair',
      'Chelsea',
      'Kew',
      'Richmond',
      'Fleet',
      'Walbrook',
      'Tyburn',
      'Brunel',
      'Wren',
      'Hawksmoor',
      'Lovelace',
      'Faraday',
    ],
  },
]

const northwind: readonly Building[] = [
  {
    name: 'Seattle – Union',
    city: 'Seattle',
    country: 'United States',
    timeZone: 'America/Los_Angeles',
    floors: 7,
    roomNames: [
      'Rainier',
      'Olympic',
      'Cascade',
      'Puget',
      'Ballard',
      'Fremont',
      'Alki',
      'Magnolia',
      'Ravenna',
      'Snoqualmie',
      'Baker',
      'Discovery',
    ],
  },
  {
    name: 'Rotterdam – Kop van Zuid',
    city: 'Rotterdam',
    country: 'Netherlands',
    timeZone: 'Europe/Amsterdam',
    floors: 12,
    roomNames: [
      'Maas',
      'Erasmus',
      'Delfshaven',
      'Kralingen',
      'Blaak',
      'Katendrecht',
      'Noordereiland',
      'Euromast',
      'Willem',
      'Rijnhaven',
      'Coolsingel',
      'Hofplein',
    ],
  },
]

/** Buildings of the simulated organisations; a fleet has those of one. */
export const places = { contoso, northwind } as const
export type Places = keyof typeof places
export const buildings: readonly Building[] = contoso

/** A room of a building: its name, unique in the building, and its place. */
export interface RoomPlace {
  name: string
  place: Place
}

/**
 * Rooms of a building one after the other, each under a number that no other has. The first ones are the same however
 * many are taken; a building that is full grows floors.
 */
export function* roomsOf(building: Building, random: Chance): Generator<RoomPlace> {
  const taken = new Set<string>()
  for (let count = 0; ; count += 1) {
    const floors = Math.max(building.floors, Math.ceil(count / 30))
    let number: string
    let floor: number
    do {
      floor = 1 + randomInt(random, floors)
      number = `${floor}.${String(1 + randomInt(random, 60)).padStart(2, '0')}`
    } while (taken.has(number))
    taken.add(number)
    const unused = building.roomNames.filter((name) => !taken.has(name))
    const word = pick(random, unused.length > 0 ? unused : building.roomNames)
    taken.add(word)
    const { name, city, country, timeZone } = building
    yield {
      name: `${city} ${number} ${word}`,
      place: { country, city, building: name, floor: String(floor), timeZone },
    }
  }
}
