import leven from 'leven';

/**
 * The known names that someone who typed `name` most probably meant, nearest first: at most three, each within a
 * third of its length in edits (Levenshtein), case apart.
 */
export function nearNames(name: string, known: Iterable<string>): string[] {
  const typed = name.slice(0, 128).toLowerCase();
  return [...known]
    .map((candidate) => ({ candidate, distance: leven(typed, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** ` (did you mean a, b?)`, or nothing when no name is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const near = nearNames(name, known);
  return near.length === 0 ? '' : ` (did you mean ${near.join(', ')}?)`;
}
