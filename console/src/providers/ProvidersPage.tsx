import { PageHead } from "../parts/PageHead";
export default function ProvidersPage() { return <PageHead title="ProvidersPage" />; }
