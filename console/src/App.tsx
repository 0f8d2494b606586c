// Maps addresses to pages. Without a session there is only the log-in page.
import { Center, Loader } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { type ComponentType, Suspense, lazy } from "react";
import { Redirect, Route, Router, Switch, useLocation, useSearch } from "wouter";
import { newQueryClient, useSession } from "./api/queries";
import { ErrorNotice } from "./parts/ErrorNotice";
import { ToastProvider } from "./parts/toast";
import { LoginOver } from "./session/LoginOver";
import { LoginPage } from "./session/LoginPage";
import { Frame } from "./shell/Frame";
import { NotFound } from "./shell/NotFound";
import { PageBoundary } from "./shell/PageBoundary";
import { UnsavedQuestion } from "./unsaved/Question";
import { useGuardedLocation } from "./unsaved/guard";

const client = newQueryClient();
const page = (load: () => Promise<{ default: ComponentType }>) => lazy(load);

const Overview = page(() => import("./overview/OverviewPage"));
const Agents = page(() => import("./agents/AgentsPage"));
const Agent = page(() => import("./agent/AgentPage"));
const Discovery = page(() => import("./discovery/DiscoveryPage"));
const Test = page(() => import("./test/TestPage"));
const ApiKeys = page(() => import("./apikeys/ApiKeysPage"));
const Providers = page(() => import("./providers/ProvidersPage"));
const Provider = page(() => import("./providers/ProviderPage"));
const Limits = page(() => import("./limits/LimitsPage"));
const Limit = page(() => import("./limits/LimitPage"));
const WhyRefused = page(() => import("./refused/WhyRefusedPage"));
const Denials = page(() => import("./denials/DenialsPage"));
const HistoryOfAll = page(() => import("./history/HistoryPage"));
const Fleet = page(() => import("./fleet/FleetPage"));
const Callers = page(() => import("./callers/CallersPage"));

const ROUTES: [string, ComponentType][] = [
  ["/overview", Overview],
  ["/agents", Agents],
  ["/agents/:name", Agent],
  ["/agents/:name/discovery", Discovery],
  ["/agents/:name/test", Test],
  ["/agents/:name/api-keys", ApiKeys],
  ["/agents/:name/callers", Callers],
  ["/identity-providers", Providers],
  ["/identity-providers/:name", Provider],
  ["/limits", Limits],
  ["/limits/:name", Limit],
  ["/why-refused", WhyRefused],
  ["/denials", Denials],
  ["/history", HistoryOfAll],
  ["/fleet", Fleet],
];

export function App() {
  return (
    <QueryClientProvider client={client}>
      <Router hook={useGuardedLocation}>
        <ToastProvider>
          <Gate />
          <UnsavedQuestion />
          <LoginOver />
        </ToastProvider>
      </Router>
    </QueryClientProvider>
  );
}

function Waiting() {
  return (
    <Center mih="40vh">
      <Loader role="img" aria-label="Loading" />
    </Center>
  );
}

function Gate() {
  const session = useSession();
  const [path] = useLocation();
  const search = useSearch();

  if (session.isPending) return <Waiting />;
  if (session.isError) {
    return (
      <Center mih="60vh" p="md" component="main">
        <ErrorNotice error={session.error} onRetry={() => void session.refetch()} />
      </Center>
    );
  }
  if (!session.data) {
    if (path === "/login") return <LoginPage />;
    const next = path === "/" ? "" : `?next=${encodeURIComponent(path + (search ? `?${search}` : ""))}`;
    return <Redirect to={`/login${next}`} replace />;
  }
  if (path === "/login") return <Redirect to={nextOf(search)} replace />;
  if (path === "/") return <Redirect to="/overview" replace />;
  return (
    <Frame>
      <PageBoundary key={path}>
        <Suspense fallback={<Waiting />}>
          <Switch>
            {ROUTES.map(([pattern, component]) => (
              <Route key={pattern} path={pattern} component={component} />
            ))}
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </PageBoundary>
    </Frame>
  );
}

/** The page to open after the log-in: only a path of this console, so that a link cannot lead elsewhere. */
function nextOf(search: string): string {
  const next = new URLSearchParams(search).get("next") ?? "";
  return /^\/[A-Za-z]/.test(next) ? next : "/overview";
}
