/// What a link reports to the end it belongs to.
protocol TunnelLinkOwner: AnyObject {
    /// The first acknowledgement came: streams can be opened.
    func linkCameUp(_ link: TunnelLink)
    /// A CONNECT went unanswered.
    func linkBecameSuspect(_ link: TunnelLink)
    /// An acknowledgement came after all.
    func linkRecovered(_ link: TunnelLink)
    /// The link is gone; its streams have failed already.
    func link(_ link: TunnelLink, closed reason: String)
    /// A line came on the control stream.
    func link(_ link: TunnelLink, received control: String)
}

extension TunnelLinkOwner {
    // Nothing else is there for a gateway's connections to take.
    func linkBecameSuspect(_ link: TunnelLink) {}
    func linkRecovered(_ link: TunnelLink) {}
}
