import type { Root } from 'protobufjs';
import 'protobufjs/ext/descriptor.js';
import descriptor, { type IDescriptorProto } from 'protobufjs/ext/descriptor.js';

/** A file of a protocol, as reflection hands it out. */
export interface DescribedFile {
  readonly name: string;
  /** All that can be asked for: services, methods, messages, enums, with their package. */
  readonly symbols: ReadonlySet<string>;
  readonly services: readonly string[];
  /** A google.protobuf.FileDescriptorProto. */
  readonly bytes: Uint8Array;
}

/** Describes a protocol of one package that imports nothing. */
export function describeFile(root: Root): DescribedFile {
  const file = root.toDescriptor('proto3').file?.[0];
  if (file === undefined) throw new Error('a protocol without a package');
  const { package: packageName = '', name = '', messageType = [], enumType = [], service = [] } = file;
  for (const message of messageType) nameMapEntries(message);
  const services = service.map((each) => `${packageName}.${each.name}`);
  const methods = service.flatMap((each) => (each.method ?? []).map(({ name: method }) => `${each.name}.${method}`));
  const symbols = [...services.map((each) => each.slice(packageName.length + 1)), ...methods];
  for (const { name: enumName = '' } of enumType) symbols.push(enumName);
  for (const message of messageType) symbols.push(...namesIn(message));
  return {
    name,
    services,
    symbols: new Set(symbols.map((symbol) => `${packageName}.${symbol}`)),
    bytes: descriptor.FileDescriptorProto.encode(file).finish(),
  };
}

/** Google's parsers want the messages behind maps under the name that their own compiler gives them; protobufjs gives others. */
function nameMapEntries({ field = [], nestedType = [] }: IDescriptorProto): void {
  for (const nested of nestedType) {
    if (nested.options?.mapEntry === true) {
      const name = `${(nested.name ?? '').replaceAll(/(?:^|_)(\w)/g, (_, first: string) => first.toUpperCase())}Entry`;
      for (const each of field) if (each.typeName === nested.name) each.typeName = name;
      nested.name = name;
    } else {
      nameMapEntries(nested);
    }
  }
}

function namesIn({ name = '', nestedType = [], enumType = [] }: IDescriptorProto): string[] {
  const inside = [...enumType.map((each) => each.name ?? ''), ...nestedType.flatMap(namesIn)];
  return [name, ...inside.map((each) => `${name}.${each}`)];
}
