using System.Collections.Immutable;
using Pulumi;
using Pulumi.Aws.Iam;

namespace Reelseal.Infra;

/// <summary>
/// A function's identity in AWS: a user with access keys or, where AWS knows the cluster, a role that the function's service account assumes.
/// </summary>
internal sealed class FunctionAccess : ComponentResource
{
    /// <summary>The content of the function's AWS secret.</summary>
    public Output<string> CredentialsFile { get; }

    /// <summary>The role's ARN, or null for a user.</summary>
    public Output<string>? RoleArn { get; }

    public FunctionAccess(string function, DeploymentSettings settings, Output<string> policy)
        : base("reelseal:access:FunctionAccess", function)
    {
        var owned = new CustomResourceOptions { Parent = this };
        if (settings.Cluster is { } cluster)
        {
            var role = new Role(function, new() { AssumeRolePolicy = BucketAccess.Trust(cluster, function).ToJson() }, owned);
            _ = new RolePolicy(function, new() { Role = role.Name, Policy = policy }, owned);
            RoleArn = role.Arn;
            CredentialsFile = Output.CreateSecret(role.Arn.Apply(Infra.CredentialsFile.ForRole));
        }
        else
        {
            CredentialsFile = Output.CreateSecret(WithKeys(function, settings.AccessKeys, policy, owned));
        }
        RegisterOutputs();
    }

    /// <summary>Each key is a resource of its own name, so that it stays the same key wherever it stands in the list. The functions get the first.</summary>
    private static Output<string> WithKeys(string function, ImmutableArray<string> names, Output<string> policy, CustomResourceOptions owned)
    {
        var user = new User(function, new() { ForceDestroy = true }, owned);
        _ = new UserPolicy(function, new() { User = user.Name, Policy = policy }, owned);
        var keys = names.Select(name => new AccessKey($"{function}-{name}", new() { User = user.Name }, owned)).ToList();
        return Output.Tuple(keys[0].Id, keys[0].Secret).Apply(pair => Infra.CredentialsFile.ForKey(pair.Item1, pair.Item2));
    }
}
