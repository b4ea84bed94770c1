/**
 * A name of a role, an assignment or a group as it is compared with others: case and the way it is written do not matter, accents do.
 * "Équipe" and "ÉQUIPE" are one name, "Equipe" is another.
 */
export const plainName = (name: string): string => name.normalize('NFKC').trim().toLowerCase()
