namespace Deployment.Tests.Template;

/// <summary>The classes that share one build of the probe.</summary>
[CollectionDefinition]
public sealed class ProbeTests : ICollectionFixture<ProbeFunction>;
