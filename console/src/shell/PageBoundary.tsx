// Shows an error in place of a page that fails or cannot be loaded; the frame around it stays.
import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { sentence } from "../api/client";
import { Notice } from "../parts/Notice";

export class PageBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Notice tone="bad" title="This page could not be shown" role="alert">
        <p>{sentence(this.state.error)}</p>
        <Button size="xs" variant="default" onClick={() => location.reload()}>
          Reload
        </Button>
      </Notice>
    );
  }
}
