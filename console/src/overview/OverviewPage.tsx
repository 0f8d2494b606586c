import { PageHead } from "../parts/PageHead";
export default function OverviewPage() { return <PageHead title="OverviewPage" />; }
