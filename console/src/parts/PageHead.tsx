// The head of a page: its only h1, a description, and its actions.
import { Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import css from "./PageHead.module.css";

interface Props {
  title: string;
  /** Beside the title, such as marks of a state. */
  beside?: ReactNode;
  about?: ReactNode;
  actions?: ReactNode;
}

export function PageHead({ title, beside, about, actions }: Props) {
  useEffect(() => {
    document.title = `${title} · Portcullis`;
  }, [title]);
  return (
    <div className={css.head}>
      <div className={css.text}>
        <div className={css.line}>
          <Title order={1}>{title}</Title>
          {beside}
        </div>
        {about && <div className={css.about}>{about}</div>}
      </div>
      {actions && <div className={css.actions}>{actions}</div>}
    </div>
  );
}
