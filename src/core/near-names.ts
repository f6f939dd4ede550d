import leven from 'leven';

/** Of more names than this the others are not looked at: each costs some microseconds. */
const MAX_CANDIDATES = 500;

/**
 * The known names that someone who typed `name` most probably meant, nearest first: at most three, each within a
 * third of its length in edits (Levenshtein), case apart.
 */
export function nearNames(name: string, known: Iterable<string>): string[] {
  const typed = name.slice(0, 128).toLowerCase();
  // An edit changes the length by one at most.
  const limitFor = (candidate: string) => Math.max(1, Math.floor(candidate.length / 3));
  const candidates = [...known]
    .slice(0, MAX_CANDIDATES)
    .filter((candidate) => Math.abs(candidate.length - typed.length) <= limitFor(candidate));
  return candidates
    .map((candidate) => ({ candidate, distance: leven(typed, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= limitFor(candidate))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** ` (did you mean a, b?)`, or nothing when no name is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const near = nearNames(name, known);
  return near.length === 0 ? '' : ` (did you mean ${near.join(', ')}?)`;
}
