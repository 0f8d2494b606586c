// Converts the route between specification and form.
import type { Json, JsonObject } from "../api/schemas";
import { flag, isObject, list, put, text } from "./spec";

export interface RouteForm {
  path: string;
  hosts: string[];
  methods: string[];
  stripPath: boolean;
}

export function readRoute(written: Json | undefined): RouteForm {
  const route = isObject(written) ? written : { path: text(written) };
  const host = text(route.host);
  return {
    path: text(route.path),
    hosts: [...new Set([...(host ? [host] : []), ...list(route.hosts)])],
    methods: list(route.methods),
    stripPath: flag(route.strip_path, false),
  };
}

export function writeRoute(form: RouteForm, original: Json | undefined): Json {
  const path = form.path.trim();
  const hosts = form.hosts.map((host) => host.trim()).filter(Boolean);
  if (!isObject(original) && hosts.length === 0 && form.methods.length === 0 && !form.stripPath) return path;
  const route: JsonObject = isObject(original) ? { ...original } : {};
  route.path = path;
  // Keeps the operator's notation: one host stays `host`, and what was not changed stays as it is.
  if (JSON.stringify(hosts) !== JSON.stringify(readRoute(original).hosts)) {
    const one = hosts.length === 1 && !("hosts" in route);
    put(route, "host", one ? (hosts[0] ?? "") : "", "");
    put(route, "hosts", one ? [] : hosts, []);
  }
  put(route, "methods", form.methods, []);
  put(route, "strip_path", form.stripPath, false);
  return route;
}
