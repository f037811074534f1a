/** Members of a recorded case. */
export type Fields = Readonly<Record<string, unknown>>;
