import avro from 'avsc';

/** What is wrong with data as the current version of its type, one line for each field. */
export function wrongFields(type: avro.Type, data: object): string[] {
  const wrong: string[] = [];
  type.isValid(data, {
    noUndeclaredFields: true,
    errorHook: (path, value, expected) => {
      wrong.push(`${path.join('.') || 'the event'}: ${JSON.stringify(value) ?? 'absent'} is not ${describe(expected)}`);
    },
  });
  collectAbsent(type, data, [], wrong);
  collectBrokenText(data, [], wrong);
  return wrong;
}

/** Half a surrogate pair is text to JavaScript and JSON; Avro would write a replacement character for it. */
function collectBrokenText(value: unknown, path: readonly string[], wrong: string[]): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) wrong.push(`${path.join('.')}: ${JSON.stringify(value)} is not well-formed Unicode`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) collectBrokenText(inner, [...path, name], wrong);
  }
}

function describe(expected: avro.Type): string {
  return expected.name ?? expected.typeName;
}

/** avsc takes an absent field for its default; in the store a field is null and never absent. */
function collectAbsent(type: avro.Type, value: unknown, path: readonly string[], wrong: string[]): void {
  if (type instanceof avro.types.RecordType && typeof value === 'object' && value !== null) {
    for (const field of type.fields) {
      const inner = (value as Record<string, unknown>)[field.name];
      if (inner === undefined && field.defaultValue() !== undefined) wrong.push([...path, field.name].join('.') + ': absent');
      else collectAbsent(field.type, inner, [...path, field.name], wrong);
    }
  } else if (type instanceof avro.types.ArrayType && Array.isArray(value)) {
    value.forEach((item, index) => collectAbsent(type.itemsType, item, [...path, String(index)], wrong));
  }
}
