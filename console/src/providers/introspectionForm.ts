// The settings of introspection that the form of a provider edits. Who the gateway is at the provider stands in files on its
// disk, so that the form keeps the section where one is written, and begins none.
import type { JsonObject } from "../api/schemas";
import { isObject, member, put, text } from "../deploy/spec";

export interface IntrospectionForm {
  /** Whether the provider is asked about tokens. */
  introspects: boolean;
  introspectionTimeout: string;
  introspectionTtl: string;
  introspectionNegativeTtl: string;
  introspectionInFlight: string;
}

export function readIntrospection(spec: JsonObject): IntrospectionForm {
  const written = member(spec, "introspection");
  return {
    introspects: isObject(spec.introspection),
    introspectionTimeout: text(written.timeout),
    introspectionTtl: text(written.max_ttl),
    introspectionNegativeTtl: text(written.negative_ttl),
    introspectionInFlight: text(written.max_in_flight),
  };
}

/** Writes them into the section of a specification, where it has one. */
export function writeIntrospection(form: IntrospectionForm, spec: JsonObject): void {
  const written = spec.introspection;
  if (!isObject(written)) return;
  put(written, "timeout", form.introspectionTimeout.trim(), "");
  put(written, "max_ttl", form.introspectionTtl.trim(), "");
  put(written, "negative_ttl", form.introspectionNegativeTtl.trim(), "");
  // Text that is not a number goes to the gateway as it is, which says what is wrong with it.
  const most = form.introspectionInFlight.trim();
  put(written, "max_in_flight", /^\d{1,15}$/.test(most) ? Number(most) : most, "");
}
