import { EntitySchema, type EntitySchemaColumnOptions, type ColumnType as TypeOrmType } from 'typeorm';

/** What a column holds when it is read. */
interface Held {
  readonly uuid: string;
  readonly text: string;
  readonly int: number;
  /** Safe integers only. */
  readonly bigint: number;
  readonly boolean: boolean;
  /** `YYYY-MM-DD` */
  readonly date: string;
  readonly timestamptz: Date;
  readonly jsonb: object;
  readonly 'text[]': readonly string[];
}

type PostgresType = keyof Held;

/** Listed one by one, so that a text that an event writes keeps its narrow type. */
type Storable = string | number | boolean | object | null;

/** A column as its table is declared: what it holds when it is read, and what is written into it. */
export interface Column<Value extends Storable = Storable> {
  readonly type: PostgresType;
  readonly nullable: boolean;
  /** These two are types only. */
  readonly value?: Value;
  readonly written?: Value extends Date ? string : Value;
}

export type Columns = Readonly<Record<string, Column>>;

/** What rows of these columns hold when they are read. */
export type RowOf<Of extends Columns> = { readonly [Name in keyof Of]-?: Exclude<Of[Name]['value'], undefined> };

/** What is written into these columns: instants as ISO 8601 text. Columns that are absent or null stay as they are. */
export type Written<Of extends Columns> = { readonly [Name in keyof Of]?: Of[Name]['written'] };

/** `column('text')`, or `column<Status>('text')` for a narrower type than Postgres has. */
export function column<Type extends PostgresType>(type: Type): Column<Held[Type]>;
export function column<Value extends Storable>(type: PostgresType): Column<Value>;
export function column(type: PostgresType): Column {
  return { type, nullable: false };
}

/** A column that is null until an event says otherwise. */
export function nullable<Type extends PostgresType>(type: Type): Column<Held[Type] | null> {
  return { type, nullable: true };
}

/** A table as TypeORM queries it: properties are named as their columns. */
export function entityOf<Row extends object>(table: string, keys: Columns, columns: Columns): EntitySchema<Row> {
  const described = [
    ...Object.entries(keys).map(([name, key]) => [name, { ...typeOrmColumn(key), primary: true }]),
    ...Object.entries(columns).map(([name, each]) => [name, typeOrmColumn(each)]),
  ];
  return new EntitySchema<Row>({ name: table, tableName: table, columns: Object.fromEntries(described) });
}

function typeOrmColumn({ type, nullable: isNullable }: Column): EntitySchemaColumnOptions {
  return {
    type: type.replace('[]', '') as TypeOrmType,
    nullable: isNullable,
    ...(type.endsWith('[]') && { array: true }),
    // The driver gives a bigint as text.
    ...(type === 'bigint' && { transformer: { from: Number, to: String } }),
  };
}

/** A written value as it will be read. */
export function held({ type }: Column, written: unknown): unknown {
  return type === 'timestamptz' ? new Date(written as string) : written;
}
