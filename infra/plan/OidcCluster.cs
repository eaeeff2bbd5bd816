namespace Reelseal.Infra;

/// <summary>A Kubernetes cluster whose service accounts AWS knows through an OpenID Connect provider.</summary>
/// <param name="ProviderArn">For example <c>arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE</c>.</param>
/// <param name="Namespace">The namespace that functions run in.</param>
public sealed record OidcCluster(string ProviderArn, string Namespace)
{
    private const string Marker = ":oidc-provider/";

    /// <summary>The issuer without its scheme, as condition keys want it.</summary>
    public string Issuer => ProviderArn[(ProviderArn.IndexOf(Marker, StringComparison.Ordinal) + Marker.Length)..];

    public static bool IsProviderArn(string text) =>
        text.StartsWith("arn:aws", StringComparison.Ordinal)
        && text.IndexOf(Marker, StringComparison.Ordinal) is > 0 and var at && at + Marker.Length < text.Length;
}
