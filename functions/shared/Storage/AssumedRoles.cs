using Amazon.Runtime;
using Amazon.RuntimeDependencies;
using Amazon.SecurityToken;

namespace Reelseal.Storage;

/// <summary>Makes the SDK's credential chain support roles, such as that of a Kubernetes service account.</summary>
/// <remarks>The SDK looks for its token service by name while it runs, and a trimmed program has no types that only a name would find.</remarks>
internal static class AssumedRoles
{
    public static void Enable() => GlobalRuntimeDependencyRegistry.Instance.RegisterSecurityTokenServiceClient(
        // Anonymous: the web identity's token is the proof. A client that looked for credentials of its own would wait for the very search that made it.
        context => new AmazonSecurityTokenServiceClient(new AnonymousAWSCredentials(), context.SecurityTokenServiceClientContextData.Region));
}
