/**
 * A JSON array of numbers, nested or not, as the doubles that JSON.parse would have read: what a request's arrays are
 * until the model tells their datatype. No JSON document has one in it, so that nobody can send what looks like one.
 */
export class JsonNumbers {
  /** How long the arrays of each level are, from the outside; at least one level, and no length of zero. */
  readonly shape: readonly number[];
  /** Row-major, as many as the shape says. A view of memory that others have views of too. */
  readonly values: Float64Array;

  constructor(shape: readonly number[], values: Float64Array) {
    this.shape = shape;
    this.values = values;
  }

  /** The same as nested arrays, as JSON.parse gives them. */
  toArrays(): unknown[] {
    let next = 0;
    const arrayAt = (axis: number): unknown[] => {
      const length = this.shape[axis] as number;
      const isInnermost = axis === this.shape.length - 1;
      if (!isInnermost) return Array.from({ length }, () => arrayAt(axis + 1));
      next += length;
      return Array.from(this.values.subarray(next - length, next));
    };
    return arrayAt(0);
  }
}
