/** A pipeline that does not fit together; the message says where in model.yaml, and what is wrong. */
export class PipelineError extends Error {}
