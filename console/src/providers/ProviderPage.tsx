import { PageHead } from "../parts/PageHead";
export default function ProviderPage() { return <PageHead title="ProviderPage" />; }
