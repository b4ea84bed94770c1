/**
 * A name of a role, an assignment or a group as it is compared with others: case, the way it is written and how wide its spaces are do
 * not matter, accents do. "Équipe" and "ÉQUIPE" are one name, "Equipe" is another.
 */
export const plainName = (name: string): string => name.normalize('NFKC').replace(/\s+/gu, ' ').trim().toLowerCase()
