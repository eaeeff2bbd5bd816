using Pulumi;
using Pulumi.Aws.Iam;

namespace Reelseal.Infra;

/// <summary>What a function may do in AWS: a user with an access key or, where the cluster is known to AWS, a role that its service account assumes.</summary>
internal sealed class FunctionAccess : ComponentResource
{
    /// <summary>The content of the function's AWS secret.</summary>
    public Output<string> CredentialsFile { get; }

    public FunctionAccess(string function, OidcCluster? cluster, Output<string> policy)
        : base("reelseal:access:FunctionAccess", function)
    {
        var owned = new CustomResourceOptions { Parent = this };
        CredentialsFile = Output.CreateSecret(cluster is null ? WithKey(function, policy, owned) : WithRole(function, cluster, policy, owned));
        RegisterOutputs();
    }

    private static Output<string> WithKey(string function, Output<string> policy, CustomResourceOptions owned)
    {
        var user = new User(function, new() { ForceDestroy = true }, owned);
        _ = new UserPolicy(function, new() { User = user.Name, Policy = policy }, owned);
        var key = new AccessKey(function, new() { User = user.Name }, owned);
        return Output.Tuple(key.Id, key.Secret).Apply(pair => Infra.CredentialsFile.ForKey(pair.Item1, pair.Item2));
    }

    private static Output<string> WithRole(string function, OidcCluster cluster, Output<string> policy, CustomResourceOptions owned)
    {
        var role = new Role(function, new() { AssumeRolePolicy = BucketAccess.Trust(cluster, function).ToJson() }, owned);
        _ = new RolePolicy(function, new() { Role = role.Name, Policy = policy }, owned);
        return role.Arn.Apply(Infra.CredentialsFile.ForRole);
    }
}
