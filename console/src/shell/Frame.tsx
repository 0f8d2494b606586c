// The frame of every page: skip link, navigation (a sidebar, on a phone a bar at the bottom), log-out.
import { ActionIcon, VisuallyHidden } from "@mantine/core";
import {
  IconBan,
  IconGauge,
  IconHistory,
  IconKey,
  IconLogout,
  IconRobot,
  IconServer2,
  IconShieldX,
  IconTrafficLights,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { session } from "../api/calls";
import { sentence } from "../api/client";
import { forget, useStatus } from "../api/queries";
import { useSilentSince } from "../api/reachability";
import { uncopied } from "../apikeys/uncopied";
import { StoreBanner } from "../fleet/StoreBanner";
import { useIsFleet, useThisMember } from "../fleet/useFleet";
import { useToast } from "../parts/toast";
import { ColourToggle } from "./ColourToggle";
import css from "./Frame.module.css";
import { Logo } from "./Logo";
import { Silence } from "./Silence";
import { UncopiedKeys } from "./UncopiedKeys";
import { ZoneToggle } from "./ZoneToggle";

const LINKS = [
  { to: "/overview", label: "Overview", Icon: IconGauge },
  { to: "/agents", label: "Agents", Icon: IconRobot },
  { to: "/identity-providers", label: "Identity providers", Icon: IconKey },
  { to: "/limits", label: "Limits", Icon: IconTrafficLights },
  { to: "/why-refused", label: "Why refused?", Icon: IconShieldX },
  { to: "/denials", label: "Denials", Icon: IconBan },
  { to: "/history", label: "History", Icon: IconHistory },
];
/** Only gateways that share a store have this page. */
const FLEET = { to: "/fleet", label: "Fleet", Icon: IconServer2 };

export function Frame({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const silent = useSilentSince() !== null;
  const member = useThisMember();
  const links = useIsFleet() ? [...LINKS, FLEET] : LINKS;
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [path]);

  return (
    <div className={css.frame}>
      <a className={css.skip} href="#main">
        Skip to the content
      </a>
      <header className={css.top} data-member={member !== null}>
        <Link to="/overview" className={css.brand} aria-label="Portcullis, overview">
          <Logo />
          <span>Portcullis</span>
        </Link>
        {member !== null && <Member name={member} />}
        <div className={css.tools}>
          <ZoneToggle />
          <ColourToggle />
          <LogOut />
        </div>
      </header>
      <nav className={css.nav} aria-label="Pages">
        {links.map(({ to, label, Icon }) => {
          const here = path === to || path.startsWith(`${to}/`);
          return (
            <Link key={to} to={to} className={css.link} aria-current={here ? "page" : undefined}>
              <Icon size={20} stroke={1.7} aria-hidden />
              <span>{label}</span>
            </Link>
          );
        })}
        <Version />
      </nav>
      <main id="main" ref={main} tabIndex={-1} className={css.main}>
        <Silence />
        <StoreBanner />
        <UncopiedKeys />
        <div className={css.page} data-old={silent}>
          {children}
        </div>
      </main>
    </div>
  );
}

/** The gateway that the console speaks of, where there are several. */
function Member({ name }: { name: string }) {
  return (
    <span
      className={css.member}
      title={`This console speaks of the gateway ${name}`}
      data-testid="this-member"
    >
      <VisuallyHidden>Gateway </VisuallyHidden>
      {name}
    </span>
  );
}

function Version() {
  const status = useStatus();
  if (!status.data) return null;
  return (
    <p className={css.version}>
      Portcullis {status.data.version}
      {status.data.draining && <strong> · draining</strong>}
    </p>
  );
}

function LogOut() {
  const queries = useQueryClient();
  const toast = useToast();
  const [, go] = useLocation();
  const leave = async () => {
    const key = uncopied.value[0];
    if (key) {
      go(`/agents/${encodeURIComponent(key.agent)}/api-keys`);
      toast("Copy the new key and confirm that you have it; then log out.", "warn");
      return;
    }
    try {
      await session.close();
    } catch (error) {
      toast(sentence(error), "bad");
      return;
    }
    forget(queries);
    go("/login");
  };
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label="Log out"
      title="Log out"
      onClick={() => void leave()}
    >
      <IconLogout size={20} aria-hidden />
    </ActionIcon>
  );
}
